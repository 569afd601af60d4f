"""Chunk visibility: its predicate, its padding and its cache."""

import torch

from part_checks import GAPS, assert_cached_equals_full, assert_certified, assert_gaps_are_skipped
from specs import build, decoder_spec, encoder_spec


def spec(make=decoder_spec, ids="arange"):
    attention = {"kind": "softmax", "n_heads": 4, "visibility": {"kind": "chunk", "chunk": 4}}
    return make([{"attention": attention}, {"ffn": "mlp"}], position={"kind": "rope", "ids": ids})


def test_chunks_of_a_decoder_pass_the_certificate():
    assert_certified(spec())


def test_chunks_of_an_encoder_pass_the_certificate():
    assert_certified(spec(encoder_spec))


def test_padding_anywhere_moves_no_border():
    model = build(spec(ids="mask"))
    assert_gaps_are_skipped(model)
    assert_cached_equals_full(model, GAPS)


def test_a_chunk_begins_anew():
    visibility = build(spec()).decoder.blocks[0].branches["attention"].sees()
    slots = torch.arange(6)
    seen = visibility.allows(slots[:, None], slots[None])
    assert seen.int().tolist()[4:] == [[0, 0, 0, 0, 1, 0], [0, 0, 0, 0, 1, 1]]
