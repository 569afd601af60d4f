"""Linear attention: its forms against each other and against the formula."""

import pytest
import torch
from torch.nn import functional as F

from part_checks import CLOSE, GAPS, assert_cached_equals_full, assert_certified, assert_gaps_are_skipped
from specs import build, decoder_spec, distance, encoder_spec
from variants import linear_attend
from variants.builder import build_model
from variants.context import Context
from variants.linear_attend import chunked, everything, no_sums, quadratic

SUBLAYERS = [{"attention": {"kind": "linear", "bias": "qkv"}}, {"ffn": "mlp"}]


def features(length=13):
    q, k, v = torch.randn(3, 2, 4, length, 6, dtype=torch.float64).unbind()
    return F.elu(q) + 1, F.elu(k) + 1, v


@pytest.mark.parametrize("size", [1, 4, 13, 64])
def test_the_chunked_form_equals_the_quadratic_one(size, monkeypatch):
    monkeypatch.setattr(linear_attend, "CHUNK", size)
    q, k, v = features()
    assert distance(chunked(q, k, v, no_sums(q, v))[0], quadratic(q, k, v, causal=True)) < CLOSE


def test_the_recurrent_form_equals_the_quadratic_one():
    q, k, v = features()
    sums, outputs = no_sums(q, v), []
    for t in range(13):
        y, sums = chunked(*(x[:, :, t : t + 1] for x in (q, k, v)), sums)
        outputs.append(y)
    assert distance(torch.cat(outputs, 2), quadratic(q, k, v, causal=True)) < CLOSE


def test_the_full_form_equals_the_quadratic_one():
    q, k, v = features()
    assert distance(everything(q, k, v), quadratic(q, k, v, causal=False)) < CLOSE


def test_linear_attention_equals_its_formula():
    mixer = build(decoder_spec(SUBLAYERS)).decoder.blocks[0].branches["attention"]
    x = torch.randn(2, 5, 32, dtype=torch.float64)
    q, k, v = (y.reshape(2, 5, 4, 8) for y in mixer.qkv(x))
    q, k = F.elu(q) + 1, F.elu(k) + 1
    expected = torch.zeros(2, 5, 4, 8, dtype=torch.float64)
    for i in range(5):
        weights = torch.stack([(q[:, i] * k[:, j]).sum(-1) for j in range(i + 1)])
        expected[:, i] = (weights[..., None] * v[:, : i + 1].transpose(0, 1)).sum(0) / weights.sum(0)[..., None]
    # the formula has no epsilon in its denominator, which is of order ten
    assert distance(mixer(x, Context(2, 5, x.device)), mixer.o(expected.reshape(2, 5, 32))) < 1e-5


@pytest.mark.parametrize("make", [decoder_spec, encoder_spec])
def test_linear_attention_passes_the_certificate(make):
    assert_certified(make(SUBLAYERS))


def test_padding_anywhere_adds_nothing_to_the_sums():
    model = build(decoder_spec(SUBLAYERS))
    assert_gaps_are_skipped(model)
    assert_cached_equals_full(model, GAPS)


@pytest.mark.parametrize("visibility", ["prefix", {"kind": "window", "window": 3}])
def test_linear_attention_refuses_a_visibility_that_no_running_sum_serves(visibility):
    with pytest.raises(ValueError, match="allowed: full, causal"):
        build_model(decoder_spec(SUBLAYERS, visibility=visibility))


def test_the_decoding_state_does_not_grow():
    model = build_model(decoder_spec(SUBLAYERS))
    sizes = []
    state = model.new_state(1, 20)
    for _ in range(3):
        model.run(torch.zeros(1, 4, dtype=torch.int64), state=state)
        sizes.append(state.bytes())
    assert sizes == [2 * 4 * (8 * 8 + 8) * 4] * 3
