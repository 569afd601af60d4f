"""The content stream of XLNet: what its order shows and hides."""

import torch

from part_checks import assert_certified
from specs import encoder_spec
from variants.builder import build_model


def stream(seed=0):
    return encoder_spec(visibility={"kind": "permutation", "seed": seed})


def test_the_content_stream_passes_the_certificate():
    assert_certified(stream())


def test_the_last_of_an_order_sees_all_and_the_first_itself_alone():
    see = build_model(stream()).encoder.visibility
    slots = torch.arange(24)
    seen = see.allows(slots[:, None], slots[None]).sum(1)
    assert seen[see.order_T.argmin()] == 1
    assert seen[see.order_T.argmax()] == 24
    assert sorted(seen.tolist()) == list(range(1, 25))


def test_another_seed_is_another_order():
    first, second = (build_model(stream(seed)).encoder.visibility for seed in (0, 1))
    assert not torch.equal(first.order_T, second.order_T)
    assert first.signature() != second.signature()
