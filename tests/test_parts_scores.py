"""Additive and Luong attention: the certificate, whose formulas are written out pair by pair, and what is refused."""

import pytest
import torch

from part_checks import CLOSE, assert_certified
from specs import build, decoder_spec, distance, encoder_decoder_spec, encoder_spec, tokens
from variants.builder import build_model
from variants.certificate import certify
from variants.context import Context
from variants.scores import make_scores

SCORES = ("dot", "general", "concat")
BARE = {"residual": "plain", "norm": None}


def after_recurrence(score):
    rows = [{"recurrence": "lstm"}, {"cross_attention": {"kind": "luong", "score": score}}]
    return encoder_decoder_spec(rows, encoder_sublayers=[{"recurrence": "lstm"}], encoder=BARE, **BARE)


def feeding(**options):
    row = {"recurrence": {"kind": "luong_lstm", **options}}
    return encoder_decoder_spec([row], encoder_sublayers=[{"recurrence": "lstm"}], encoder=BARE, **BARE)


def branch(model, name):
    return model.decoder.blocks[0].branches[name]


def memory_of(part, width=32):
    context = Context(1, 4, torch.device("cpu"))
    context.memory_BSD = torch.randn(1, 5, width, dtype=torch.float64)
    return context, torch.randn(1, 4, 32, dtype=torch.float64)


@pytest.mark.parametrize("make", [decoder_spec, encoder_spec])
def test_additive_self_attention_passes_the_certificate(make):
    assert_certified(make([{"attention": {"kind": "additive", "n_heads": 4, "bias": "qkvo"}}, {"ffn": "mlp"}]))


def test_additive_cross_attention_passes_the_certificate():
    rows = [{"attention": "softmax"}, {"cross_attention": {"kind": "additive", "n_heads": 4}}, {"ffn": "mlp"}]
    assert_certified(encoder_decoder_spec(rows))


@pytest.mark.parametrize("score", SCORES)
def test_attention_after_the_recurrence_passes_the_certificate(score):
    assert_certified(after_recurrence(score))


@pytest.mark.parametrize("options", [{}, {"score": "concat", "feed": False, "d_hidden": 10, "bridge": "mean"}])
def test_a_recurrence_with_input_feeding_passes_the_certificate(options):
    assert_certified(feeding(**options))


@pytest.mark.parametrize("feed", [True, False])
@pytest.mark.parametrize("score", SCORES)
def test_a_recurrence_with_attention_equals_its_formula(score, feed):
    assert not certify(feeding(score=score, feed=feed), checks=["formula"]).faults["formula"]


LOCAL = [{"align": align, "reach": 2} for align in ("monotonic", "predictive")]


@pytest.mark.parametrize("options", LOCAL)
def test_attention_to_a_window_passes_the_certificate(options):
    rows = [{"recurrence": "lstm"}, {"cross_attention": {"kind": "luong", **options}}]
    encoder = [{"recurrence": {"kind": "gru", "bidirectional": True}}]
    assert_certified(encoder_decoder_spec(rows, encoder_sublayers=encoder, encoder=BARE, **BARE))
    assert_certified(feeding(**options))


@pytest.mark.parametrize("options", LOCAL)
def test_no_weight_lies_beyond_the_reach_of_a_place(options):
    model, x, source = build(feeding(**options)), tokens(2, 9), tokens(2, 7, seed=2)
    weights_BTS = next(iter(model.run(x, source=source, capture=True).captures.values()))[:, 0].detach()
    assert int((weights_BTS > 0).sum(-1).max()) <= 5
    if options["align"] == "monotonic":
        # the ninth token is past the memory's end, and stays at its last slot
        near = [(t, s) for t in range(9) for s in range(7) if abs(min(t, 6) - s) <= 2]
        assert [tuple(pair) for pair in (weights_BTS[0] > 0).nonzero().tolist()] == near
        assert distance(weights_BTS.sum(-1), torch.ones(2, 9, dtype=torch.float64)) < CLOSE
    else:
        assert float(weights_BTS.sum(-1).max()) < 1


@pytest.mark.parametrize("options", [{"align": "monotonic"}, {"reach": 2}])
def test_a_window_and_its_reach_are_given_together(options):
    with pytest.raises(ValueError, match=r"align='\w+' with reach=\w+: "):
        build_model(feeding(**options), device="meta")


def test_without_feeding_a_recurrence_with_attention_is_one_after_the_other():
    model = build(feeding(feed=False, bridge="none"))
    plain = build(after_recurrence("general"))
    ours, lstm, attention = branch(model, "recurrence"), branch(plain, "recurrence"), branch(plain, "cross_attention")
    lstm.cells[0].load_state_dict(ours.cell.state_dict())
    attention.scores.load_state_dict(ours.scores.state_dict())
    attention.o.load_state_dict(ours.combine.state_dict())
    context, x = memory_of(ours)
    assert distance(ours(x, context), attention(lstm(x, context), context)) < CLOSE


def test_a_dot_product_of_two_widths_is_refused():
    with pytest.raises(ValueError, match=r"queries of 10 numbers with keys of 32; use general"):
        make_scores("dot", 10, 32)


def test_without_an_encoder_there_is_nothing_to_attend_to():
    for row in ({"recurrence": "luong_lstm"}, {"cross_attention": "luong"}, {"cross_attention": "additive"}):
        with pytest.raises(ValueError, match="encoder"):
            build_model(decoder_spec([row]))
