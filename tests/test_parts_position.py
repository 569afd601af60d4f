"""Relative position schemes against transformers' own functions and plain loops."""

import math

import pytest
import torch

from part_checks import CLOSE, GAPS, assert_cached_equals_full, assert_certified, assert_gaps_are_skipped
from specs import build, decoder_spec, distance, encoder_spec, tokens
from variants.builder import build_model
from variants.flops import forward_flops
from variants.position.alibi import slopes_of

KINDS = ["t5_bucket", "alibi", "transformer_xl", "shaw"]
TINY = {"t5_bucket": {"n_buckets": 8, "max_distance": 9}, "shaw": {"max_distance": 3}}


def scheme(kind, **options):
    return {"kind": kind, **TINY.get(kind, {}), **options}


def sublayers(position=None):
    attention = {"kind": "softmax", "n_heads": 4}
    return [{"attention": attention | ({"position": [position]} if position else {})}, {"ffn": "mlp"}]


def captured_scores(model, x):
    """Logits of the first attention's softmax, up to a constant per query."""
    captures = model.run(x, capture=True).captures
    return next(value for name, value in captures.items() if name.endswith("attention")).log()


@pytest.mark.parametrize("kind", KINDS)
def test_a_scheme_of_an_encoder_passes_the_certificate(kind):
    assert_certified(encoder_spec(sublayers(), position=scheme(kind)))


@pytest.mark.parametrize("kind", KINDS)
def test_a_scheme_of_a_branch_passes_the_certificate(kind):
    assert_certified(decoder_spec(sublayers(scheme(kind))))


@pytest.mark.parametrize("kind", ["t5_bucket", "alibi", "shaw"])
def test_a_scheme_that_counts_real_tokens_skips_gaps(kind):
    model = build(decoder_spec(sublayers(), position=scheme(kind, ids="mask")))
    assert_gaps_are_skipped(model)
    assert_cached_equals_full(model, GAPS)


@pytest.mark.parametrize("kind", KINDS)
def test_only_differences_of_positions_matter(kind):
    model = build(encoder_spec(sublayers(), position=scheme(kind), n_layers=1))
    x = tokens(1, 6).repeat(1, 2)
    scores = captured_scores(model, x)
    shifted = scores[..., 6:, 6:] - scores[..., 6:, 6:7]
    assert distance(shifted, scores[..., :6, :6] - scores[..., :6, :1]) < CLOSE


@pytest.mark.parametrize("both_ways", [True, False])
def test_buckets_equal_those_of_transformers(both_ways):
    modeling = pytest.importorskip("transformers.models.t5.modeling_t5")
    make = encoder_spec if both_ways else decoder_spec
    options = {"n_buckets": 32, "max_distance": 128}
    stack = build_model(make(sublayers(), position=scheme("t5_bucket", **options)))
    position = (stack.encoder or stack.decoder).positions[0]
    ahead = torch.arange(-300, 301)
    theirs = modeling.T5Attention._relative_position_bucket(ahead, both_ways, 32, 128)
    assert torch.equal(position.bucket(ahead), theirs)


def test_t5_bias_is_the_same_in_every_layer_and_owned_once():
    model = build_model(decoder_spec(sublayers(), position=scheme("t5_bucket")))
    assert [n for n, _ in model.named_parameters() if "position" in n] == ["decoder.positions.0.table.weight"]


@pytest.mark.parametrize("n_heads", [4, 6, 12, 16])
def test_alibi_equals_the_tensor_of_transformers(n_heads):
    modeling = pytest.importorskip("transformers.models.bloom.modeling_bloom")
    theirs = modeling.build_alibi_tensor(torch.ones(1, 9), n_heads, torch.float32)
    # theirs grows with the key's position alone, which softmax cannot tell from the distance to the query
    per_key = torch.tensor(slopes_of(n_heads))[:, None] * torch.arange(9)
    assert distance(theirs.reshape(n_heads, 9), per_key) < 1e-6


def test_alibi_lowers_each_score_by_slope_times_distance():
    with_bias = build(encoder_spec(sublayers(), position="alibi", n_layers=1))
    without = build(encoder_spec(sublayers(), n_layers=1))
    x = tokens(2, 7)
    change = captured_scores(with_bias, x) - captured_scores(without, x)
    slots = torch.arange(7)
    expected = -torch.tensor(slopes_of(4))[:, None, None] * (slots[:, None] - slots).abs()
    assert distance(change - change[..., :1], (expected - expected[..., :1]).expand_as(change)) < 1e-6


def heads(x, n_heads=4):
    return x.reshape(*x.shape[:2], n_heads, -1).transpose(1, 2)


def queries_and_keys(model, x):
    """What the first attention of a pre-norm encoder computes of tokens."""
    block = model.encoder.blocks[0]
    normed = block.joints[0].read(model.embedding.table(x))[0]
    q, k, _ = block.branches["attention"].qkv(normed)
    return heads(q), heads(k)


def test_transformer_xl_equals_the_four_terms_of_its_paper():
    model = build(encoder_spec(sublayers(scheme("transformer_xl", n_heads=4)), n_layers=1))
    x = tokens(2, 5)
    position = model.encoder.blocks[0].branches["attention"].own[0]
    q, k = queries_and_keys(model, x)
    expected = torch.zeros(2, 4, 5, 5, dtype=torch.float64)
    for i in range(5):
        for j in range(5):
            angles = [(i - j) / 10000 ** (2 * n / 32) for n in range(16)]
            wave = torch.tensor([math.sin(a) for a in angles] + [math.cos(a) for a in angles], dtype=torch.float64)
            r = (position.r.weight @ wave).reshape(4, 8)
            content = ((q[:, :, i] + position.u) * k[:, :, j]).sum(-1)
            expected[:, :, i, j] = (content + ((q[:, :, i] + position.v) * r).sum(-1)) / 8**0.5
    scores = captured_scores(model, x)
    assert distance(scores - scores[..., :1], expected - expected[..., :1]) < CLOSE


def test_transformer_xl_equals_the_attention_of_xlnet_in_transformers():
    transformers = pytest.importorskip("transformers")
    from transformers.models.xlnet.modeling_xlnet import XLNetModel, XLNetRelativeAttention

    model = build(encoder_spec(sublayers(scheme("transformer_xl", n_heads=4)), n_layers=1)).float()
    x = tokens(2, 5)
    config = transformers.XLNetConfig(d_model=32, n_head=4, d_inner=40, n_layer=1, vocab_size=37, dropout=0.0)
    theirs, position = XLNetRelativeAttention(config).eval(), model.encoder.blocks[0].branches["attention"].own[0]
    with torch.no_grad():
        theirs.r_w_bias.copy_(position.u)
        theirs.r_r_bias.copy_(position.v)
    # float32 sums differ in order
    waves = XLNetModel(config).relative_positional_encoding(5, 5, bsz=1)[:, 0]
    r = position.r(waves).reshape(10, 1, 4, 8).expand(-1, 2, -1, -1)
    q, k = (y.permute(2, 0, 1, 3) for y in queries_and_keys(model, x))
    identity = torch.eye(5)[:, None, None].expand(5, 2, 4, 5)
    weights = theirs.rel_attn_core(q, k, identity, r)
    assert distance(weights.permute(1, 2, 0, 3), captured_scores(model, x).exp()) < 1e-5


def test_segments_of_transformer_xl_add_one_vector_within_a_segment_and_another_across():
    spec = encoder_spec(sublayers(scheme("transformer_xl", n_heads=4, segments=True)), n_layers=1)
    model, x = build(spec), tokens(2, 5)
    assert_certified(spec)
    segments = torch.tensor([[0, 0, 1, 1, 0], [1, 0, 1, 0, 0]])
    position = model.encoder.blocks[0].branches["attention"].own[0]
    q, _ = queries_and_keys(model, x)
    apart = (segments[:, :, None] != segments[:, None]).long()[:, None]
    own, other = (torch.einsum("bhtk,hk->bht", q + position.segment_bias[:, None], e) for e in position.segment_vectors)
    expected = torch.where(apart == 0, own[..., None], other[..., None]) / 8**0.5
    captures = model.run(x, segments=segments, capture=True).captures
    change = next(value for name, value in captures.items() if name.endswith("attention")).log()
    change = change - captured_scores(model, x)
    assert distance(change - change[..., :1], expected - expected[..., :1]) < CLOSE
    # one segment for all is as none
    assert distance(model(x, segments=torch.ones_like(x)), model(x)) < CLOSE


def test_shaw_adds_the_vector_of_the_clipped_distance_to_the_key():
    model = build(encoder_spec(sublayers(), position=scheme("shaw", max_distance=2), n_layers=1))
    x = tokens(2, 6)
    q, k = queries_and_keys(model, x)
    slots = torch.arange(6)
    vectors = model.encoder.positions[0].table.weight[(slots - slots[:, None]).clamp(-2, 2) + 2]
    expected = (q[:, :, :, None] * (k[:, :, None] + vectors)).sum(-1) / 8**0.5
    scores = captured_scores(model, x)
    assert distance(scores - scores[..., :1], expected - expected[..., :1]) < CLOSE


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        ("t5_bucket", {"n_heads": 2}, "n_heads=2"),
        ("t5_bucket", {"n_buckets": 1}, "n_buckets=1"),
        ("transformer_xl", {"n_heads": 2}, "the attention has"),
        ("transformer_xl", {"n_heads": 5}, "does not divide"),
        ("transformer_xl", {"segments": True}, "needs an encoder"),
        ("shaw", {"d_head": 6}, "the attention has"),
    ],
)
def test_a_scheme_refuses_what_it_cannot_honour(kind, options, message):
    with pytest.raises(ValueError, match=message):
        build_model(decoder_spec(sublayers(), position=scheme(kind, **options)), device="meta")


def test_flops_of_a_scheme_count_once_per_attention():
    plain, relative = (
        forward_flops(build_model(encoder_spec(sublayers(), position=p), device="meta"), 10)
        for p in ([], [scheme("transformer_xl", n_heads=4)])
    )
    assert relative - plain == 2 * 2 * 32 * (20 * 32 + 10 * (2 * 10 - 1) + 10)
