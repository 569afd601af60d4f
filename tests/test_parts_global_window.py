"""Global tokens beside a window: the predicate, marks of a call and marks by default, and projections of their own."""

import pytest
import torch

from part_checks import assert_certified
from specs import build, decoder_spec, distance, encoder_decoder_spec, encoder_spec, tokens
from variants import build_model, capture_attention, encode, generate
from variants.attention.global_window import GlobalWindowAttention
from variants.certificate import certify
from variants.flops import forward_flops
from variants.parts import Marks

OWN = {"kind": "global_window", "n_heads": 4, "window": 3, "bias": "qkvo"}
SHARED = {"kind": "softmax", "n_heads": 4, "visibility": {"kind": "global_window", "window": 3}}
WINDOW = {"kind": "softmax", "n_heads": 4, "bias": "qkvo", "visibility": {"kind": "window", "window": 3}}
CLOSE = 1e-10  # float64
FIRST = torch.arange(9)[None].expand(3, -1) < 2


def spec(attention, make=encoder_spec, **options):
    return make([{"attention": attention}, {"ffn": "mlp"}], position={"kind": "learned", "ids": "mask"}, **options)


def test_rotated_global_tokens_pass_the_certificate():
    assert_certified(encoder_spec([{"attention": OWN}, {"ffn": "mlp"}], position="rope"))


def test_a_global_row_and_column_are_open_and_the_rest_is_a_window():
    seen = build(spec(OWN)).encoder.blocks[0].branches["attention"].sees()
    slots, marks = torch.arange(6), torch.tensor([[False, False, False, False, True, False]])
    allowed = seen.allows(slots[:, None], slots[None], Marks(global_BS=marks))[0]
    near = (slots[:, None] - slots[None]).abs() < 3
    assert torch.equal(allowed, near | (slots[:, None] == 4) | (slots[None] == 4))


@pytest.mark.parametrize("attention", [OWN, SHARED])
def test_the_first_tokens_are_global_where_a_call_marks_none(attention):
    narrowed = {"visibility": {**SHARED["visibility"], "n_global": 2}} if attention is SHARED else {"n_global": 2}
    marked, by_default = build(spec(attention)), build(spec({**attention, **narrowed}))
    x = tokens(3, 9)
    assert distance(marked(x, global_mask=FIRST), by_default(x)) < CLOSE
    assert distance(marked(x), by_default(x)) > 0.01
    assert distance(by_default(x, global_mask=~FIRST), by_default(x)) > 0.01
    mask, padded = FIRST.new_ones(3, 12), torch.cat([tokens(3, 3, seed=5), x], 1)
    mask[:, :3] = False
    assert distance(by_default(padded, mask)[:, 3:], by_default(x)) < CLOSE


def test_without_global_tokens_it_is_a_window():
    model, window = build(spec(OWN)), build(spec(WINDOW))
    window.load_state_dict({name: x for name, x in model.state_dict().items() if "global" not in name})
    x = tokens(3, 9)
    assert distance(model(x), window(x)) < CLOSE
    assert distance(model(x, global_mask=torch.zeros_like(FIRST)), window(x)) < CLOSE


def test_weights_are_captured_for_every_pair_that_is_seen():
    model, x = build(spec(OWN)), tokens(3, 9)
    weights = capture_attention(model, x, global_mask=FIRST)["encoder", 0, "attention"]
    slots = torch.arange(9)
    seen = ((slots[:, None] - slots[None]).abs() < 3) | (slots[:, None] < 2) | (slots[None] < 2)
    assert torch.equal((weights > 0).all(1).all(0), seen)
    assert distance(weights.sum(-1), torch.ones(3, 4, 9)) < CLOSE


def test_marks_are_of_the_source_where_there_is_one():
    model = build(encoder_decoder_spec(encoder_sublayers=[{"attention": OWN}, {"ffn": "mlp"}]))
    x, source = tokens(3, 4), tokens(3, 9, seed=2)
    assert distance(model(x, source=source, global_mask=FIRST), model(x, source=source)) > 0.01
    assert distance(encode(model, source, global_mask=FIRST), model.encode(source)) > 0.01


def test_a_mixer_that_forgets_the_marks_is_caught(monkeypatch):
    honest = GlobalWindowAttention.forward

    def forgetful(self, x_BTD, context):
        context.global_BS = None
        return honest(self, x_BTD, context)

    monkeypatch.setattr(GlobalWindowAttention, "forward", forgetful)
    faults = certify(spec(OWN), checks=["visibility", "formula", "gradients"]).faults
    assert "slot 0 should see slot 6 and does not" in faults["visibility"][0]
    assert "differs from its plain formula" in faults["formula"][0]
    assert any("global_q.weight gets no gradient" in fault for fault in faults["gradients"])


def test_a_global_token_costs_its_row_its_column_and_the_projections():
    def flops(**options):
        return forward_flops(build_model(spec({**OWN, **options}), device="meta"), 20)

    layers, width, opened = 2, 32, 2 * (20 - 3)
    assert flops(n_global=1) - flops() == layers * (2 * 20 * 3 * width * width + 4 * width * opened)


@pytest.mark.parametrize("attention", [OWN, SHARED])
def test_a_decoder_refuses_global_tokens(attention):
    with pytest.raises(ValueError, match=r"the decoder's visibility is not full|which a decoder may not"):
        build_model(spec(attention, decoder_spec))


def test_a_stack_that_counts_real_tokens_refuses_global_tokens():
    with pytest.raises(ValueError, match="told by slot, and this stack's visibility counts real tokens"):
        build_model(spec(SHARED, visibility={"kind": "chunk", "chunk": 4}))


def test_marks_that_are_no_booleans_are_refused():
    with pytest.raises(ValueError, match=r"global_mask is int64, \(3, 9\); allowed: bool"):
        build(spec(OWN))(tokens(3, 9), global_mask=FIRST.long())


def test_marks_without_the_text_that_they_are_of_are_refused():
    model = build(encoder_decoder_spec(encoder_sublayers=[{"attention": OWN}, {"ffn": "mlp"}]))
    state = model.new_state(3, 8)
    model.run(tokens(3, 4), source=tokens(3, 9, seed=2), global_mask=FIRST, state=state)
    with pytest.raises(ValueError, match="`global_mask` was given without `source`"):
        model.run(tokens(3, 1), global_mask=FIRST, state=state)


def test_a_continuation_follows_the_marks_of_its_source_wherever_padding_stands():
    model = build(encoder_decoder_spec(encoder_sublayers=[{"attention": OWN}, {"ffn": "mlp"}]))
    source, mask, marks = tokens(3, 9, seed=2), torch.ones(3, 9, dtype=torch.bool), ~FIRST
    mask[:, :3] = False
    made = generate(model, source=source, source_padding_mask=mask, global_mask=marks, bos=1, max_new_tokens=6)
    alone = generate(model, source=source[:, 3:], global_mask=marks[:, 3:], bos=1, max_new_tokens=6)
    assert torch.equal(made, alone)
    assert not torch.equal(made, generate(model, source=source[:, 3:], bos=1, max_new_tokens=6))
    with pytest.raises(ValueError, match="no part of this model has global tokens"):
        generate(build(encoder_decoder_spec()), source=source, global_mask=marks, bos=1, max_new_tokens=2)
