"""Rules of first values that depend on a tensor's role."""

import torch

from part_checks import assert_certified
from specs import decoder_spec, distance, encoder_decoder_spec
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


def fixup(init):
    return encoder_decoder_spec(
        norm=None, residual="sum", encoder={"norm": None, "residual": "sum"}, model={"init": init}
    )


def test_t_fixup_passes_the_certificate_without_norms():
    assert_certified(fixup("t_fixup"))


def test_t_fixup_shrinks_each_stack_and_the_table_by_its_own_power_of_the_depth():
    plain, small = (build_model(fixup(init)) for init in ("xavier", "t_fixup"))
    decoder, encoder = (9 * 2) ** -0.25, 0.67 * 2**-0.25
    pairs = [(small.embedding.table, plain.embedding.table, decoder)]
    for stack, factor in (("encoder", encoder), ("decoder", decoder)):
        ours, theirs = (getattr(model, stack).blocks[1].branches for model in (small, plain))
        pairs += [(ours["ffn"].up, theirs["ffn"].up, factor), (ours["attention"].o, theirs["attention"].o, factor)]
        (q, k, v), (q0, k0, v0) = (branches["attention"].qkv.weight.chunk(3) for branches in (ours, theirs))
        assert torch.equal(q, q0)
        assert torch.equal(k, k0)
        assert distance(v, v0 * factor) < 1e-7
    assert all(distance(a.weight, b.weight * factor) < 1e-7 for a, b, factor in pairs)
