"""Bound steps give what the general forward gives, whatever the options, and step aside where they would not."""

from unittest import mock

import pytest
import torch
from torch import nn

from specs import build, decoder_spec, distance, encoder_decoder_spec, live, tokens
from use_samples import DECODERS, ENCODER_DECODERS, PREFIXED
from variants import build_model, generate
from variants.binding import BINDERS, weights_of
from variants.certificate.options import alternatives, parts, replaced
from variants.certificate.subject import randomise
from variants.decoding import make_prompt
from variants.decoding import sampling as sampling_module
from variants.decoding.stepping import bound_step, general_step, stepping
from variants.ffn.mlp import MLP

CLOSE = 1e-10  # float64: grouped heads are summed in another order
QK_NORM = {"kind": "softmax", "n_heads": 4, "n_kv_heads": 2, "qk_norm": {"kind": "rms_norm"}}
GATED = [{"attention": QK_NORM}, {"ffn": "gated"}]
LEARNED = {
    "position": {"kind": "learned", "length": 24}
}  # a table without a length of its own would be tried too short
WAYS = (stepping, general_step)
BASES = {
    "pre-norm": decoder_spec(**LEARNED, model={"embedding": {"kind": "token", "norm": {"kind": "layer_norm"}}}),
    "grouped": decoder_spec(GATED, position="rope", norm="rms_norm", n_layers=1),
    "post-norm": encoder_decoder_spec(residual="post_norm", n_layers=1, **LEARNED, encoder={"n_layers": 1, **LEARNED}),
}


@pytest.fixture
def model():
    return build(decoder_spec(position="learned"))


def started(model, mask=None, room=9):
    """The state after a prompt, or a source and a start symbol, of two rows."""
    two = model.encoder is not None
    prefix = None if two or not model.decoder.visibility.reads_prefix else tokens(2, 7, seed=5)
    source = tokens(2, 7, seed=5) if two else prefix
    prompt = make_prompt(model, tokens(2, 4), None if two else mask, source, mask if two else None, None)
    return prompt.start(model, room)[0]


@torch.no_grad()
def parted(model, steps=5, mask=None):
    """How far logits of bound steps are from those of the general forward, when rows change places on the way."""
    states = [started(model, mask), started(model, mask)]
    bound, general = bound_step(model, states[0]), general_step(model, states[1])
    apart = 0.0
    for i in range(steps):
        if i == 3:
            for state in states:
                state.reorder(torch.tensor([1, 0, 0]))
        token_B = tokens(3 if i >= 3 else 2, 1, seed=i)[:, 0]
        apart = max(apart, distance(bound(token_B), general(token_B)))
    return apart


@pytest.mark.parametrize("name", DECODERS | PREFIXED | ENCODER_DECODERS)
def test_bound_steps_equal_the_general_forward(name):
    assert parted(build((DECODERS | PREFIXED | ENCODER_DECODERS)[name])) < CLOSE


@pytest.mark.parametrize("name", BASES)
def test_bound_steps_equal_the_general_forward_behind_padding(name):
    mask = torch.ones(2, 7 if "post" in name else 4, dtype=torch.bool)
    mask[0, :2] = False
    assert parted(build(BASES[name]), mask=mask) < CLOSE


def changed(spec):
    """Models with one option of one of the decoder's parts changed, for each that can be built."""
    decoding = [found for found in parts(spec) if found[0][0] in ("decoder", "embedding")]
    for path, sort, part in decoding:
        for name, option in live()[sort][part["kind"]].options.items():
            for value in alternatives(option.type, part[name]):
                other = replaced(spec, path, part, name, value)
                try:
                    yield f"{part['kind']}.{name}={value}", build_model(other)
                except ValueError:
                    continue  # refused


@pytest.mark.parametrize("name", BASES)
def test_every_option_is_honoured_by_a_bound_step_or_takes_it_out_of_use(name):
    tried = 0
    for told, model in changed(BASES[name]):
        randomise(model)
        assert parted(model.double().eval(), steps=2) < CLOSE, told
        tried += 1
    assert tried > 40


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64], ids=str)
@pytest.mark.parametrize("name", ["pre-norm", "post-norm"])
def test_with_a_key_for_each_query_head_bound_steps_are_equal_to_the_bit(name, dtype):
    model = build(BASES[name]).to(dtype)
    if name == "pre-norm":
        assert parted(model) == 0.0
    inputs = {"source": tokens(2, 7, seed=5), "bos": 1} if model.encoder else {"tokens": tokens(2, 4)}
    made = generate(model, **inputs, max_new_tokens=9)
    with mock.patch.object(sampling_module, "stepping", general_step):
        assert torch.equal(made, generate(model, **inputs, max_new_tokens=9))


def test_every_part_of_gpt_2_and_bart_has_a_step_of_its_own():
    for base in (BASES["pre-norm"], BASES["post-norm"]):
        decoder = build(base).decoder
        seen = {type(m) for block in decoder.blocks for m in (*block.joints, *block.branches.values())}
        assert seen <= set(BINDERS)


def test_a_subclass_is_not_bound_as_its_parent(model):
    class Louder(MLP):
        def forward(self, x_BTD, context):
            return 3 * super().forward(x_BTD, context)

    model.decoder.blocks[0].branches["ffn"].__class__ = Louder
    assert parted(model) == 0.0


def test_a_module_put_in_place_of_a_projection_is_called(model):
    class Adapted(nn.Linear):
        def forward(self, x):
            return 2 * super().forward(x)

    model.decoder.blocks[0].branches["attention"].o.__class__ = Adapted
    assert weights_of(model.decoder.blocks[0].branches["attention"].o) is None
    assert parted(model) == 0.0


def test_a_module_put_in_place_of_a_block_is_called(model):
    class Doubled(nn.Module):
        def __init__(self, block):
            super().__init__()
            self.block = block

        def forward(self, stream, context, depth):
            return 2 * self.block(stream, context, depth)

    model.decoder.blocks[0] = Doubled(model.decoder.blocks[0])
    assert parted(model) == 0.0


def test_a_forward_put_in_place_of_a_module_s_own_is_called(model):
    down = model.decoder.blocks[0].branches["ffn"].down
    down.forward = lambda x: 2 * nn.functional.linear(x, down.weight, down.bias)
    logits = [make(model, started(model))(tokens(2, 1)[:, 0]) for make in WAYS]
    assert torch.equal(*logits)


def test_hooks_of_a_part_within_a_part_see_every_step(model):
    seen = []
    model.decoder.blocks[1].branches["ffn"].down.register_forward_hook(lambda *given: seen.append(given))
    generate(model, tokens(1, 3), max_new_tokens=4)
    assert len(seen) == 4


def test_a_model_in_training_steps_with_its_dropout():
    ffn = {"ffn": {"kind": "mlp", "d_ff": 40, "dropout": 0.5}}
    model = build(decoder_spec([{"attention": "softmax"}, ffn])).train()
    states = [started(model), started(model)]
    logits = []
    for state, make in zip(states, WAYS, strict=True):
        state.slots = states[0].slots  # what a prompt left differs by its own dropout
        torch.manual_seed(0)
        logits.append(make(model, state)(tokens(2, 1)[:, 0]))
    assert torch.equal(*logits)


def test_gradients_pass_through_a_bound_step_as_through_the_general_forward(model):
    grads = []
    for make in (bound_step, general_step):
        with torch.no_grad():
            state = started(model)
        model.zero_grad()
        make(model, state)(tokens(2, 1)[:, 0]).square().sum().backward()
        grads.append([p.grad.clone() for p in model.parameters() if p.grad is not None])
    assert all(distance(*pair) < CLOSE for pair in zip(*grads, strict=True))


@torch.no_grad()
def test_a_table_of_positions_that_ends_is_named():
    model = build(decoder_spec(position={"kind": "learned", "length": 5}))
    step = stepping(model, started(model))
    step(tokens(2, 1)[:, 0])
    with pytest.raises(ValueError, match="takes 6 slots; length is 5"):
        step(tokens(2, 1)[:, 0])


def test_a_full_state_is_refused(model):
    step = stepping(model, started(model, room=2))
    step(tokens(2, 1)[:, 0])
    with pytest.raises(ValueError, match="room for 5 slots, and 6 are needed"):
        step(tokens(2, 1)[:, 0])


@torch.no_grad()
def test_a_state_that_had_no_room_is_as_before(model):
    state = started(model, room=3)
    with pytest.raises(ValueError, match="room for 6 slots, and 8 are needed"):
        model.run(tokens(2, 4), padding_mask=torch.ones(2, 4, dtype=torch.bool), state=state)
    assert state.mask_BS is None
    assert (
        distance(
            model.run(tokens(2, 1), state=state).logits,
            general_step(model, started(model))(tokens(2, 1)[:, 0])[:, None],
        )
        < CLOSE
    )


@torch.no_grad()
def test_padding_between_steps_that_were_bound_without_is_an_error(model):
    state = started(model)
    step = stepping(model, state)
    model.run(tokens(2, 1), padding_mask=torch.tensor([[True], [False]]), state=state)
    with pytest.raises(AssertionError, match="padding"):
        step(tokens(2, 1)[:, 0])
