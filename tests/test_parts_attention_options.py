"""Talking heads, norms after rotation and the query's temperature."""

import pytest
import torch

from part_checks import CLOSE, GAPS, assert_cached_equals_full, assert_certified, assert_gaps_are_skipped
from specs import build, decoder_spec, distance
from variants.attend import Scores, plain_attend
from variants.builder import build_model
from variants.context import Context

ROPE = {"kind": "rope"}


def spec(position=(), **options):
    return decoder_spec(
        [{"attention": {"kind": "softmax", "n_heads": 4, **options}}, {"ffn": "mlp"}], position=position
    )


@pytest.mark.parametrize(
    "options",
    [
        {"talking_heads": True},
        {"qk_norm": {"kind": "rms_norm", "gain": False}, "qk_norm_after": True, "position": [ROPE]},
        {"position": [ROPE, {"kind": "query_temperature", "length": 4}]},
    ],
    ids=lambda options: "-".join(options),
)
def test_an_option_passes_the_certificate(options):
    assert_certified(spec(**options))


def test_talking_heads_equal_their_formula():
    q, k, v = (torch.randn(2, 4, 5, 3, dtype=torch.float64) for _ in range(3))
    before, after = (torch.randn(4, 4, dtype=torch.float64) for _ in range(2))
    context = Context(2, 5, q.device)
    ours = plain_attend(q, k, v, Scores(0.5, mix_scores_HH=before, mix_weights_HH=after), None, None, context)
    logits = sum_over_heads(before, 0.5 * q @ k.mT)
    assert distance(ours, sum_over_heads(after, logits.softmax(-1)) @ v) < CLOSE


def sum_over_heads(mix, x):
    return torch.stack([sum(mix[g, h] * x[:, h] for h in range(4)) for g in range(4)], 1)


def test_at_first_talking_heads_mix_nothing():
    plain, talking = build_model(spec()), build_model(spec(talking_heads=True))
    x = torch.arange(9)[None]
    assert distance(plain(x), talking(x)) < 1e-5


def test_the_temperature_counts_real_tokens_where_it_is_told_to():
    model = build(spec(position=[{"kind": "query_temperature", "length": 2, "ids": "mask"}]))
    assert_gaps_are_skipped(model)
    assert_cached_equals_full(model, GAPS)


def test_a_norm_after_rotation_needs_a_norm_over_heads():
    with pytest.raises(ValueError, match="qk_norm_after"):
        build_model(spec(qk_norm_after=True))
