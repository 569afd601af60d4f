"""Rules of first values that depend on a tensor's role."""

import torch

from part_checks import assert_certified
from specs import decoder_spec, distance
from variants.builder import build_model


def spec(init):
    # untied: deepnorm keeps the stream so near its token that a tied head would name it
    model = {"init": init, "head": {"kind": "lm", "tied": False}}
    return decoder_spec([{"attention": "softmax"}, {"ffn": "mlp"}], residual="deepnorm", n_layers=3, model=model)


def test_deepnet_passes_the_certificate_with_deepnorm():
    assert_certified(spec("deepnet"))


def test_deepnet_shrinks_values_outputs_and_feed_forward_but_not_queries_and_keys():
    plain, deep = (build_model(spec(init)) for init in ("xavier", "deepnet"))
    for ours, theirs in zip(deep.decoder.blocks, plain.decoder.blocks, strict=True):
        (q, k, v), (q0, k0, v0) = (block.branches["attention"].qkv.weight.chunk(3) for block in (ours, theirs))
        assert torch.equal(q, q0)
        assert torch.equal(k, k0)
        pairs = [(v, v0)]
        for branch, leaf in (("attention", "o"), ("ffn", "up"), ("ffn", "down")):
            pairs.append(tuple(getattr(block.branches[branch], leaf).weight for block in (ours, theirs)))
        assert all(distance(small, large * 24**-0.25) < 1e-7 for small, large in pairs)
    assert torch.equal(deep.embedding.table.weight, plain.embedding.table.weight)
