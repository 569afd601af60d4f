"""Disentangled attention and its buckets against transformers."""

import pytest
import torch

from part_checks import assert_cached_equals_full, assert_certified
from specs import build, decoder_spec, encoder_spec
from variants.builder import build_model


def spec(make=encoder_spec, position=None, **options):
    attention = {"kind": "disentangled", "n_heads": 4, **options}
    return make([{"attention": attention}, {"ffn": "mlp"}], position={"kind": "disentangled", **(position or {})})


@pytest.mark.parametrize(
    "options", [{}, {"shared": True, "bias": "qkvo", "position": {"n_buckets": 8, "norm": {"kind": "layer_norm"}}}]
)
def test_disentangled_attention_passes_the_certificate(options):
    assert_certified(spec(**options))


def test_a_decoder_may_have_it():
    model = build(spec(decoder_spec))
    assert_cached_equals_full(model, torch.ones(3, 9, dtype=torch.bool))


@pytest.mark.parametrize(("buckets", "longest"), [(8, 24), (256, 512)])
def test_buckets_equal_those_of_transformers(buckets, longest):
    modeling = pytest.importorskip("transformers.models.deberta_v2.modeling_deberta_v2")
    ours = build_model(spec(position={"n_buckets": buckets, "max_distance": longest})).encoder.positions[0]
    distance = torch.arange(1 - longest, longest)
    theirs = modeling.make_log_bucket_position(distance, buckets, longest).long()
    assert torch.equal(ours.bucket(distance), theirs)


def test_without_the_vectors_of_distances_it_is_refused():
    with pytest.raises(ValueError, match="position: disentangled"):
        build_model(encoder_spec([{"attention": {"kind": "disentangled", "n_heads": 4}}, {"ffn": "mlp"}]))
