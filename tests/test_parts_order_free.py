"""Parts that know no order: decomposable attention with its head, and the bag of words."""

import pytest
import torch

import catalog
from part_checks import CLOSE, GAPS, assert_cached_equals_full, assert_certified, assert_gaps_are_skipped
from specs import build, decoder_spec, distance, encoder_spec, tokens
from variants.builder import build_model
from variants.context import Context
from variants.count import count_parameters

PLAIN = {"residual": "plain", "norm": None}
PAIR = {"head": {"kind": "pair", "n_classes": 3}}


def aligned(**options):
    return encoder_spec([{"attention": {"kind": "decomposable", **options}}], model=PAIR, n_layers=1, **PLAIN)


def bag(make=decoder_spec, **options):
    return make([{"convolution": "running_mean"}, {"ffn": "mlp"}], **options)


def segments_of(*lengths):
    return torch.cat([torch.full((1, n), i) for i, n in enumerate(lengths)], 1)


@pytest.mark.parametrize("options", [{}, {"d_hidden": 10}])
def test_decomposable_attention_passes_the_certificate(options):
    assert_certified(aligned(**options))


def test_the_pair_head_sums_each_sentence():
    model = build(encoder_spec(model=PAIR))
    x, segments = torch.randn(1, 7, 32, dtype=torch.float64), segments_of(4, 3)
    logits = model.head(x, Context(1, 7, x.device, segments_BT=segments), model.embedding)
    sums = torch.cat([x[0, :4].sum(0), x[0, 4:].sum(0)])
    assert distance(logits[0], model.head.project(model.head.layers(sums))) < CLOSE


def test_the_order_within_each_sentence_does_not_matter():
    model, x, segments = build(aligned()), tokens(1, 7), segments_of(4, 3)
    shuffled = torch.tensor([2, 0, 3, 1, 6, 5, 4])
    assert distance(model(x, segments=segments), model(x[:, shuffled], segments=segments)) < CLOSE


def test_padding_of_a_pair_changes_nothing():
    model, x, segments = build(aligned()), tokens(1, 7), segments_of(4, 3)
    wider, mask = torch.cat([x, x[:, :2]], 1), torch.arange(9)[None] < 7
    padded = model(wider, mask, segments=torch.cat([segments, segments[:, -2:]], 1))
    assert distance(padded, model(x, segments=segments)) < CLOSE


def test_segments_are_refused_where_no_part_reads_them():
    with pytest.raises(ValueError, match="nor a part that reads them"):
        build_model(encoder_spec())(tokens(1, 4), segments=segments_of(2, 2))


def test_decomposable_attention_is_refused_in_a_decoder():
    with pytest.raises(ValueError, match="both ways"):
        build_model(decoder_spec([{"attention": "decomposable"}]))


def test_the_entry_has_the_parameters_of_the_paper():
    # 382K in table 1, which leaves the fixed word vectors out
    assert count_parameters(catalog.resolve("decomposable-attention"))["non_embedding"] == 381_803


@pytest.mark.parametrize("make", [decoder_spec, encoder_spec])
def test_a_bag_of_words_passes_the_certificate(make):
    assert_certified(bag(make))


def test_a_bag_of_words_has_no_order():
    model, x = build(bag(encoder_spec)), tokens(2, 8)
    order = torch.randperm(8, generator=torch.Generator().manual_seed(0))
    assert distance(model(x)[:, order], model(x[:, order])) < CLOSE


def test_a_bag_of_words_decodes_with_gaps():
    assert_cached_equals_full(build(bag()), GAPS)
    assert_gaps_are_skipped(build(bag(encoder_spec)))
