"""Randomised positions: ordered and drawn anew in training, even in evaluation, read by the scheme inside."""

import pytest
import torch

from part_checks import CLOSE, assert_certified
from specs import build, decoder_spec, distance, tokens
from variants.builder import build_model
from variants.context import Context

SCHEMES = {"sinusoidal": {}, "learned": {}, "rope": {}, "alibi": {"ids": "mask"}}


def spread(scheme="rope", longest=72, **options):
    return {"kind": "randomised", "longest": longest, "scheme": {"kind": scheme, **options}}


def position_of(model):
    return model.decoder.positions[0]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_randomised_positions_pass_the_certificate(scheme):
    assert_certified(decoder_spec(position=spread(scheme, **SCHEMES[scheme])))


def test_evaluation_reads_positions_at_even_distances():
    apart, plain = build(decoder_spec(position=spread("sinusoidal"))), build(decoder_spec())
    x = tokens(1, 5)
    seen = position_of(apart).embed(torch.zeros(1, 5, 32).double(), Context(1, 5, x.device))
    table = plain.decoder  # the same weights with the table that the scheme makes of 0, 3, 6, ...
    table.load_state_dict(apart.decoder.state_dict())
    every = position_of(build(decoder_spec(position="sinusoidal")))
    expected = every.embed(torch.zeros(1, 13, 32).double(), Context(1, 13, x.device))[:, ::3]
    assert distance(seen, expected) < CLOSE


def test_training_draws_ordered_positions_anew_and_the_same_for_all_layers():
    position = position_of(build(decoder_spec(position=spread("sinusoidal"))).train())
    places = []
    for seed in range(2):
        torch.manual_seed(seed)
        context = Context(1, 12, torch.device("cpu"))
        first, second = (position._moved(context).query_ids("arange") for _ in range(2))
        assert torch.equal(first, second)
        assert bool((first[1:] > first[:-1]).all())
        assert int(first.max()) < 72
        places.append(first)
    assert not torch.equal(*places)


def test_all_positions_drawn_are_plain_positions():
    spec = decoder_spec(position=spread("rope", longest=24), model={"context_length": 24})
    plain = build(decoder_spec(position="rope"))
    model = build(spec).train()
    plain.load_state_dict(model.state_dict())
    assert distance(model(tokens(2, 24)), plain(tokens(2, 24))) < CLOSE


def test_padding_in_training_takes_none_of_the_positions_of_real_tokens():
    position = position_of(build(decoder_spec(position=spread("sinusoidal", ids="mask"))).train())
    mask = torch.ones(1, 8, dtype=torch.bool)
    mask[:, :2] = False
    torch.manual_seed(0)
    drawn = torch.randperm(72)[:8].sort().values
    torch.manual_seed(0)
    ids = position._moved(Context(1, 8, mask.device, mask_BS=mask)).query_ids("mask")
    assert torch.equal(ids[0, 2:], drawn[:6])


@pytest.mark.parametrize(
    ("position", "message"),
    [
        (spread(longest=23), "longest=23 positions are fewer than context_length=24"),
        (spread("transformer_xl", n_heads=4), "scheme='transformer_xl' does not read positions"),
        (spread("coordinate"), "scheme='coordinate' does not read positions"),
    ],
)
def test_schemes_that_cannot_be_spread_are_refused(position, message):
    with pytest.raises(ValueError, match=message):
        build_model(decoder_spec(position=position))


def test_training_with_a_decoding_state_is_refused():
    model = build(decoder_spec(position=spread())).train()
    with pytest.raises(ValueError, match="train without a decoding state"):
        model.run(tokens(1, 4), state=model.new_state(1, 8))
