"""What attention keeps while decoding: every slot, or a ring of as many as its window holds."""

import pytest
import torch

from specs import build, decoder_spec, distance, tokens
from variants import build_model
from variants.context import ring_slots
from variants.measure import measure

CLOSE = 1e-10  # float64: the order of sums is all that may differ
LOCAL = {"kind": "softmax", "n_heads": 4, "n_kv_heads": 2, "visibility": {"kind": "window", "window": 5}}
WHOLE = {"sort": "attention", "kind": "softmax", "n_heads": 4}
HEADS = {"n_heads": 4}
SCHEMES = [
    {"kind": "rope"},
    {"kind": "alibi", "ids": "mask"},
    {"kind": "learned"},
    {"kind": "t5_bucket", "n_buckets": 8, "max_distance": 9, **HEADS},
    {"kind": "shaw", "max_distance": 3, **HEADS},
    {"kind": "transformer_xl", **HEADS},
]


def local_and_whole(position):
    """A window of five beside full attention, so that both kinds of cache share one forward's tables."""
    return decoder_spec([{"attention": LOCAL}, {"whole": WHOLE}, {"ffn": "mlp"}], position=position)


@torch.no_grad()
def decode(model, x, sizes, mask=None):
    """Logits of x, read in pieces of the given sizes."""
    state, pieces, start = model.new_state(x.shape[0], x.shape[1]), [], 0
    for size in sizes:
        given = None if mask is None else mask[:, start : start + size]
        pieces.append(model.run(x[:, start : start + size], given, state=state).logits)
        start += size
    assert start == x.shape[1]
    return torch.cat(pieces, 1)


@pytest.mark.parametrize("position", SCHEMES, ids=[scheme["kind"] for scheme in SCHEMES])
@pytest.mark.parametrize("sizes", [[1] * 18, [3, 4, 7, 4], [12, 1, 1, 4], [4, 1, 9, 4]], ids=str)
def test_a_ring_decodes_as_the_full_forward_however_the_text_is_cut(position, sizes):
    model = build(local_and_whole(position))
    x = tokens(2, 18)
    with torch.no_grad():
        assert distance(decode(model, x, sizes), model(x)) < CLOSE


def test_a_ring_with_padding_on_the_left_decodes_as_the_rows_alone():
    model = build(local_and_whole({"kind": "alibi", "ids": "mask"}))
    x, mask = tokens(2, 18), torch.ones(2, 18, dtype=torch.bool)
    mask[0, :6] = False
    stepped = decode(model, x, [9, *[1] * 9], mask)
    with torch.no_grad():
        assert distance(stepped[:1, 6:], model(x[:1, 6:])) < CLOSE
        assert distance(stepped[1:], model(x[1:])) < CLOSE


def test_one_token_at_a_time_needs_no_mask_in_a_ring():
    model = build(decoder_spec([{"attention": LOCAL}, {"ffn": "mlp"}], position="rope"))
    decode(model, tokens(2, 8), [1] * 8)
    assert model.kernels() == ["sdpa:full"]


def test_a_window_keeps_as_many_slots_as_it_sees_and_no_more():
    model = build_model(decoder_spec([{"attention": LOCAL}, {"ffn": "mlp"}], n_layers=1, position="rope"))
    bytes_of_five_slots = 2 * 2 * 8 * 5 * 4  # k and v, 2 heads of 8 numbers, float32
    for capacity in (5, 6, 20):
        state = model.new_state(1, capacity)
        model.run(tokens(1, 5), state=state)
        assert state.bytes() == bytes_of_five_slots


def test_the_index_bounds_what_windows_keep_by_a_line_that_is_flat_when_all_are_full():
    layers = [{"attention": LOCAL}, {"ffn": "mlp"}]
    assert measure(decoder_spec(layers, n_layers=1))["state_bytes"] == {"fixed": 2 * 2 * 8 * 5 * 4, "per_token": 0}
    both = measure(decoder_spec([*layers, {"whole": WHOLE}], n_layers=1))["state_bytes"]
    assert both == {"fixed": 2 * 2 * 8 * 5 * 4, "per_token": 2 * 4 * 8 * 4}


def test_a_state_without_room_is_refused():
    model = build_model(decoder_spec(position="rope"))
    state = model.new_state(1, 4)
    model.run(tokens(1, 4), state=state)
    with pytest.raises(ValueError, match="room for 4 slots, and 5 are needed"):
        model.run(tokens(1, 1), state=state)


def test_a_ring_names_the_slots_in_its_places():
    cpu = torch.device("cpu")
    assert ring_slots(4, 5, 1, cpu).tolist() == [4, 5, 2, 3]
    assert ring_slots(4, 5, 2, cpu).tolist() == [4, 1, 2, 3, 5, 6]
    assert ring_slots(4, 0, 6, cpu).tolist() == [0, 1, 2, 3, 4, 5]
