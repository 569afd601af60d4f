"""Experts weighed against their near rivals: the formula, the library's function, and what the option band does."""

import pytest
import torch

from part_checks import CLOSE, assert_certified
from specs import build, decoder_spec, distance
from variants.context import Context


def spec(**options):
    experts = {"kind": "moe", "d_ff": 24, "router": {"kind": "sparse_mixer", **options}}
    return decoder_spec([{"attention": "softmax"}, {"ffn": experts}], n_layers=1)


def router(**options):
    return build(spec(**options)).decoder.blocks[0].branches["ffn"].router


def route(part, x):
    return part(x, Context(x.shape[0], x.shape[1], x.device))


def test_the_certificate_holds():
    assert_certified(spec())


def test_an_expert_is_weighed_among_those_near_it_alone():
    part, x = router(band=0.5), torch.randn(2, 5, 32, dtype=torch.float64)
    weights, chosen = route(part, x)
    rows = [y.detach().flatten(0, 1) for y in (x @ part.weight.T, weights, chosen)]
    for scores, p, experts in zip(*rows, strict=True):
        left = list(range(4))
        for k in range(2):
            best = max(left, key=lambda e: float(scores[e]))
            near = [e for e in left if scores[best] - scores[e] <= 0.5 * max(abs(scores[e]), scores[best])]
            assert experts[k] == best
            assert abs(p[k] - scores[best].exp() / scores[near].exp().sum()) < CLOSE
            left.remove(best)


def test_it_routes_as_the_library_does():
    library = pytest.importorskip("transformers.models.phimoe.modeling_phimoe")
    part, x = router(band=0.2).float(), torch.randn(3, 50, 32)
    weights, chosen = library.sparsemixer(part.logits(x).flatten(0, 1), 0.1, training=False)
    ours = route(part, x)
    assert torch.equal(ours[1].flatten(0, 1), chosen)
    assert distance(ours[0].flatten(0, 1), weights) < 1e-6  # float32


def test_in_a_narrow_band_an_expert_stands_alone():
    weights, _ = route(router(band=1e-9), torch.randn(2, 5, 32, dtype=torch.float64))
    assert torch.equal(weights, torch.ones_like(weights))


def test_more_experts_than_there_are_cannot_serve():
    with pytest.raises(ValueError, match="n_active=5 is more than n_experts=4"):
        router(n_active=5)
