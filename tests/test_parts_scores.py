"""Additive and Luong attention: the certificate, whose formulas are written out pair by pair, and what is refused."""

import pytest
import torch

from part_checks import CLOSE, assert_certified
from specs import build, decoder_spec, distance, encoder_decoder_spec, encoder_spec
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
