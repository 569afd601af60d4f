"""Recurrences against torch's own modules and plain loops: weights, padding, bridges, decoding, attention."""

import pytest
import torch

from part_checks import CLOSE, GAPS, assert_cached_equals_full, assert_certified, assert_gaps_are_skipped, inputs, pad
from specs import build, decoder_spec, distance, encoder_decoder_spec, encoder_spec, tokens
from variants.builder import Model, build_model
from variants.context import Context
from variants.parts import Mixer
from variants.recurrent import Cell

TORCH = {"gru": torch.nn.GRU, "lstm": torch.nn.LSTM, "rnn": torch.nn.RNN}
KINDS = list(TORCH)


def plain(kind, **options):
    return {"recurrence": {"kind": kind, **options}}


def branch(model: Model, stack: str = "decoder", layer: int = 0) -> Mixer:
    return getattr(model, stack).blocks[layer].branches["recurrence"]


def reference(mixer, kind: str, width: int):
    """torch's module with the mixer's weights."""
    module = TORCH[kind](
        width, mixer.d_hidden, batch_first=True, bias=mixer.bias, bidirectional=len(mixer.cells) == 2
    ).double()
    for cell, suffix in zip(mixer.cells, ("", "_reverse"), strict=False):
        names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
        for name, value in zip(names, cell.weights(), strict=False):
            getattr(module, name + suffix).data.copy_(value)
    return module


def recurrent(decoder, encoder, **options):
    """An encoder and a decoder of stacked recurrences, without residuals or norms."""
    bare = {"residual": "plain", "norm": None}
    model = {"init": "xavier"}
    return encoder_decoder_spec([decoder], encoder_sublayers=[encoder], encoder=bare, model=model, **bare, **options)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("d_hidden", "both"), [(None, False), (10, False), (16, True)])
def test_recurrence_equals_torch_module_with_its_weights(kind, d_hidden, both):
    spec = (encoder_spec if both else decoder_spec)([plain(kind, d_hidden=d_hidden, bidirectional=both)])
    mixer = branch(build(spec), "encoder" if both else "decoder")
    x = torch.randn(2, 6, 32, dtype=torch.float64)
    expected, _ = reference(mixer, kind, 32)(x)
    expected = expected if mixer.project is None else mixer.project(expected)
    assert distance(mixer(x, Context(2, 6, x.device)), expected) < CLOSE


@pytest.mark.parametrize("kind", KINDS)
def test_recurrence_has_the_parameters_of_torch_module(kind):
    mixer = branch(build_model(decoder_spec([plain(kind)])))
    assert sum(p.numel() for p in mixer.parameters()) == sum(p.numel() for p in TORCH[kind](32, 32).parameters())


@pytest.mark.parametrize("kind", KINDS)
def test_recurrent_encoder_and_decoder_pass_the_certificate(kind):
    decoder = plain(kind, bridge="mean", feed=True, deep_output=True, d_hidden=10)
    assert_certified(recurrent(decoder, plain(kind, bidirectional=True)))


def test_a_recurrence_in_a_residual_stack_passes_the_certificate():
    assert_certified(decoder_spec([plain("lstm", d_hidden=10, forget_bias=1.0), {"ffn": "mlp"}]))


@pytest.mark.parametrize("kind", KINDS)
def test_padding_anywhere_holds_the_state(kind):
    model = build(decoder_spec([plain(kind)]))
    assert_gaps_are_skipped(model)
    assert_cached_equals_full(model, GAPS)


def test_a_bidirectional_encoder_skips_padding_anywhere():
    assert_gaps_are_skipped(build(encoder_spec([plain("gru", bidirectional=True)])))


def test_prefix_and_tokens_with_padding_between_them_equal_the_dense_sequence():
    model = build(decoder_spec([plain("lstm")]))
    source, x = tokens(2, 5), tokens(2, 4, seed=3)
    padded, mask = pad(source, "right", 2)
    assert distance(model(x, source=padded, source_padding_mask=mask), model(x, source=source)) < CLOSE


@pytest.mark.parametrize("which", ["first", "last", "mean"])
def test_bridge_starts_from_the_pooled_memory(which):
    spec = encoder_decoder_spec([plain("gru", bridge=which)], residual="plain", n_layers=1)
    model = build(spec)
    given = inputs(model)
    memory = model.encode(given["source"])
    vector = {"first": memory[:, 0], "last": memory[:, -1], "mean": memory.mean(1)}[which]
    mixer = branch(model)
    start = torch.tanh(vector @ mixer.bridge.starts["h"].weight.T + mixer.bridge.starts["h"].bias)
    expected, _ = reference(mixer, "gru", 32)(model.embedding.table(given["tokens"]), start[None])
    assert distance(model(**given), expected @ model.embedding.table.weight.T) < CLOSE


def test_a_fed_vector_reaches_every_step():
    model = build(encoder_decoder_spec([plain("gru", bridge="mean", feed=True)], residual="plain", n_layers=1))
    mixer = branch(model)
    x, memory = torch.randn(2, 4, 32, dtype=torch.float64), torch.randn(2, 3, 32, dtype=torch.float64)
    module = torch.nn.GRU(64, 32, batch_first=True).double()
    cell: Cell = mixer.cells[0]
    for value, name in zip(cell.weights(), ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"), strict=True):
        getattr(module, name).data.copy_(value)
    fixed = memory.mean(1)
    start = mixer.bridge.start(Context(2, 4, x.device, memory_BSD=memory))["h"]
    expected, _ = module(torch.cat([x, fixed[:, None].expand(-1, 4, -1)], -1), start[None])
    assert distance(mixer(x, Context(2, 4, x.device, memory_BSD=memory)), expected) < CLOSE


def rnnsearch(**options):
    encoder = plain("gru", bidirectional=True, d_hidden=16)
    return recurrent(plain("attentive_gru", **options), encoder, n_layers=1)


@pytest.mark.parametrize("options", [{"d_hidden": 10, "deep_output": True}, {"bridge": "none", "d_attention": 12}])
def test_attentive_gru_passes_the_certificate(options):
    assert_certified(rnnsearch(**options))


def test_attentive_gru_equals_a_gru_cell_fed_with_additive_attention():
    model = build(rnnsearch())
    mixer = branch(model)
    x, memory = torch.randn(2, 5, 32, dtype=torch.float64), torch.randn(2, 7, 32, dtype=torch.float64)
    cell = torch.nn.GRUCell(64, 32).double()
    for value, name in zip(mixer.cell.weights(), ("weight_ih", "weight_hh", "bias_ih", "bias_hh"), strict=True):
        getattr(cell, name).data.copy_(value)
    h = torch.tanh(mixer.bridge.starts["h"](memory[:, 0]))
    outputs, scores = [], mixer.scores
    for t in range(5):
        sums = [torch.tanh(scores.query(h) + memory[:, s] @ scores.key.weight.T) for s in range(7)]
        energy = torch.stack([summed @ scores.score.weight[0] for summed in sums], 1)
        read = torch.einsum("bs,bsd->bd", energy.exp() / energy.exp().sum(1, keepdim=True), memory)
        h = cell(torch.cat([x[:, t], read], -1), h)
        outputs.append(h)
    assert distance(mixer(x, Context(2, 5, x.device, memory_BSD=memory)), torch.stack(outputs, 1)) < CLOSE


def test_attentive_gru_shows_its_weights_and_padding_gets_none():
    model = build(rnnsearch())
    source, mask = pad(tokens(2, 5), "left", 2)
    captured = model.run(tokens(2, 4), source=source, source_padding_mask=mask, capture=True).captures
    weights = captured["decoder/0/recurrence/attention"]
    assert weights.shape == (2, 1, 4, 7)
    assert float(weights[..., :2].detach().max()) == 0
    assert distance(weights.sum(-1), torch.ones(2, 1, 4, dtype=torch.float64)) < CLOSE


def test_deep_output_is_a_maxout_over_state_input_and_read():
    mixer = branch(build(rnnsearch(deep_output=True)))
    h, x, c = torch.randn(3, 2, 32, dtype=torch.float64).unbind()
    maps = mixer.deep.maps
    total = (maps["state"](h) + maps["input"](x) + maps["read"](c)).reshape(2, 32, 2)
    assert distance(mixer.deep(state=h, input=x, read=c), total.max(-1).values) == 0


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (lambda: decoder_spec([plain("gru", bidirectional=True)]), "reads both ways"),
        (lambda: decoder_spec([plain("gru", bridge="last")]), "needs an encoder"),
        (lambda: decoder_spec([plain("attentive_gru")]), "needs an encoder"),
        (lambda: encoder_decoder_spec([plain("gru", feed=True)]), "feed=true"),
        (lambda: decoder_spec([plain("lstm", bias=False, forget_bias=1.0)]), "forget_bias"),
        (lambda: decoder_spec([plain("gru")], visibility={"kind": "window", "window": 3}), "hides part"),
    ],
)
def test_a_recurrence_refuses_what_it_cannot_honour(spec, message):
    with pytest.raises(ValueError, match=message):
        build_model(spec())


def test_each_gate_starts_from_a_draw_of_its_own():
    cell = branch(build_model(decoder_spec([plain("gru")]))).cells[0]
    views = {name: view.clone() for name, view in cell.input.named_slices() if name.endswith("weight")}
    wide = branch(build_model(decoder_spec([plain("gru", d_hidden=40)]))).cells[0]
    for name, view in wide.input.named_slices():
        if name.endswith("weight"):
            assert torch.equal(view[:32], views[name])
    assert not torch.equal(views["r.weight"], views["z.weight"])


def test_forget_bias_is_the_first_value_of_the_forget_gate():
    cell = branch(build_model(decoder_spec([plain("lstm", forget_bias=1.0)]))).cells[0]
    values = {name: view.mean().item() for name, view in cell.input.named_slices() if name.endswith("bias")}
    assert values == {"i.bias": 0, "f.bias": 1, "g.bias": 0, "o.bias": 0}


@pytest.mark.parametrize("kind", [*KINDS, "attentive_gru"])
def test_flops_count_each_matrix_once_per_token(kind):
    model = build_model(encoder_decoder_spec([plain(kind, d_hidden=10)]), device="meta")
    mixer = branch(model)
    per_token = (mixer.flops(20, 0) - mixer.flops(10, 0)) // 10
    skipped = ("bridge.", "scores.key", "scores.score")
    weights = sum(p.numel() for n, p in mixer.named_parameters() if p.dim() == 2 and not n.startswith(skipped))
    assert per_token == 2 * weights
