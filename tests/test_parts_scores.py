"""Additive and Luong attention against their formulas, written out pair by pair."""

import pytest
import torch

from part_checks import CLOSE, assert_certified
from specs import build, decoder_spec, distance, encoder_decoder_spec, encoder_spec
from variants.builder import build_model
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


def weighted(scores, values):
    """sum softmax(scores) values, of lists."""
    weights = torch.stack(scores).softmax(0)
    return sum(w * v for w, v in zip(weights, values, strict=True))


def score_of(kind, scores, h, m):
    """One score by the paper's formula."""
    if kind == "concat":
        return scores.score.weight[0] @ torch.tanh(scores.query.weight @ h + scores.key.weight @ m)
    return h @ m if kind == "dot" else h @ scores.key.weight @ m


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


def test_additive_attention_equals_its_formula():
    part = (
        build(decoder_spec([{"attention": {"kind": "additive", "n_heads": 2}}])).decoder.blocks[0].branches["attention"]
    )
    x = torch.randn(1, 5, 32, dtype=torch.float64)
    q, k, v = (y[0].unflatten(-1, (2, 16)) for y in part.qkv(x))
    for i in range(5):
        heads = []
        for h in range(2):
            scores = [part.heads.weight[h] @ torch.tanh(q[i, h] + k[j, h]) for j in range(i + 1)]
            heads.append(weighted(scores, v[: i + 1, h]))
        assert distance(part(x, Context(1, 5, x.device))[0, i], part.o(torch.cat(heads))) < CLOSE


@pytest.mark.parametrize("score", SCORES)
def test_luong_attention_equals_its_formula(score):
    part = branch(build(after_recurrence(score)), "cross_attention")
    context, x = memory_of(part)
    memory = context.memory_BSD[0]
    y = part(x, context)
    for i in range(4):
        found = weighted([score_of(score, part.scores, x[0, i], m) for m in memory], memory)
        assert distance(y[0, i], torch.tanh(part.o.weight @ torch.cat([found, x[0, i]]))) < CLOSE


@pytest.mark.parametrize("feed", [True, False])
@pytest.mark.parametrize("score", SCORES)
def test_a_recurrence_with_attention_equals_its_formula(score, feed):
    part = branch(build(feeding(score=score, feed=feed)), "recurrence")
    context, x = memory_of(part)
    memory, cell = context.memory_BSD[0], part.cell
    start = part.bridge.start(context)
    h, c, read = start["h"][0], start["c"][0], torch.zeros(32, dtype=torch.float64)
    y = part(x, context)
    for t in range(4):
        gates = cell.input.weight @ x[0, t] + cell.input.bias + cell.hidden.weight @ h + cell.hidden.bias
        gates = gates + cell.fed.weight @ read if feed else gates
        i, f, g, o = gates.chunk(4)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        h = o.sigmoid() * c.tanh()
        found = weighted([score_of(score, part.scores, h, m) for m in memory], memory)
        read = torch.tanh(part.combine.weight @ torch.cat([found, h]))
        assert distance(y[0, t], read) < CLOSE


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
