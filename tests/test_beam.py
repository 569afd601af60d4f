"""Beam search finds what looking at every text finds, row by row, for every stack."""

from itertools import product

import pytest
import torch

from specs import build, decoder_spec, encoder_decoder_spec, tokens
from use_samples import DECODERS, ENCODER_DECODERS, WINDOW
from variants import Beam, generate
from variants.decoding import Stops, make_prompt, search

SMALL = {"vocab_size": 4}
LONGEST = 4
TINY = {
    "decoder": decoder_spec(position="learned", model=SMALL),
    "window": decoder_spec([{"attention": WINDOW}, {"ffn": "mlp"}], position="alibi", model=SMALL),
    "recurrence": decoder_spec([{"recurrence": "lstm"}], model=SMALL),
    "prefix": decoder_spec(position="rope", visibility="prefix", model=SMALL),
    "encoder-decoder": encoder_decoder_spec(position="rope", model=SMALL),
}


@torch.no_grad()
def every_text(model, x, stops, penalty, **source):
    """(score, text) of every text of one row that ends at a stop or at the longest length, best first."""
    found = []
    for length in range(1, LONGEST + 1):
        for text in product(range(SMALL["vocab_size"]), repeat=length):
            if any(t in stops for t in text[:-1]) or (length < LONGEST and text[-1] not in stops):
                continue
            whole = torch.cat([x, torch.tensor([text])], 1)
            steps = model(whole[:, :-1], **source)[0, -length:].log_softmax(-1)
            nats = float(steps.gather(1, torch.tensor(text)[:, None]).sum())
            found.append((nats / length**penalty, text))
    return sorted(found, reverse=True)


@pytest.mark.parametrize("penalty", [0.0, 1.0, -0.5])
@pytest.mark.parametrize("stops", [[], [2], [0, 3]], ids=str)
@pytest.mark.parametrize("name", TINY)
def test_a_beam_as_wide_as_all_texts_equals_looking_at_every_one(name, stops, penalty):
    model, x = build(TINY[name]), tokens(2, 3, vocabulary=4)
    source = {"source": tokens(2, 5, vocabulary=4, seed=7)} if name in ("prefix", "encoder-decoder") else {}
    prompt = make_prompt(model, x, None, source.get("source"), None, None)
    beam = Beam(width=4**LONGEST, length_penalty=penalty)
    with torch.no_grad():
        found = search(model, prompt, LONGEST, Stops.of(stops, 4, x.device), beam)
    for row in range(2):
        alone = {name: value[row : row + 1] for name, value in source.items()}
        expected = every_text(model, x[row : row + 1], stops, penalty, **alone)
        lengths, scores = found.lengths_BN[row].tolist(), found.scores_BN[row].tolist()
        got = [(s, tuple(t[:n])) for s, t, n in zip(scores, found.tokens_BNL[row].tolist(), lengths, strict=True) if n]
        assert [text for _, text in got[: len(expected)]] == [text for _, text in expected]
        assert max(abs(a - b) for (a, _), (b, _) in zip(got, expected, strict=False)) < 1e-5  # float32 scores
        assert all(score == float("-inf") for score, _ in got[len(expected) :])


@pytest.mark.parametrize("name", ["rope", "window", "linear", "lstm"])
def test_a_beam_of_one_without_stops_is_greedy(name):
    model, x = build(DECODERS[name]), tokens(2, 4)
    made = generate(model, x, max_new_tokens=8, sampling=Beam(width=1))
    assert torch.equal(made, generate(model, x, max_new_tokens=8))


@torch.no_grad()
def nats(model, x, made, stop):
    """The log-likelihood of new tokens up to the stop."""
    steps = model(torch.cat([x, made], 1)[:, :-1])[:, -made.shape[1] :].log_softmax(-1)
    each = steps.gather(2, made[..., None])[..., 0]
    before = (made == stop).cumsum(1) - (made == stop).int() == 0
    return (each * before).sum(1)


def test_a_wider_beam_finds_nothing_worse_than_greedy():
    model, x = build(DECODERS["alibi"], seed=2), tokens(5, 4)
    greedy = generate(model, x, max_new_tokens=8, eos=3)
    wide = generate(model, x, max_new_tokens=8, eos=3, sampling=Beam(width=30, length_penalty=0.0))
    assert (nats(model, x, wide, 3) >= nats(model, x, greedy, 3) - 1e-6).all()


@pytest.mark.parametrize("name", ENCODER_DECODERS)
def test_a_batch_is_searched_as_its_rows_alone(name):
    model, x = build(ENCODER_DECODERS[name]), tokens(3, 6, seed=5)
    mask = torch.ones(3, 6, dtype=torch.bool)
    mask[1, 4:] = False
    asked = {"bos": 1, "eos": [2, 5], "max_new_tokens": 6, "sampling": Beam(width=3)}
    made = generate(model, source=x, source_padding_mask=mask, **asked)
    for row in range(3):
        alone = generate(model, source=x[row : row + 1, mask[row]], **asked)[0]
        assert made[row, : len(alone)].tolist() == alone.tolist()


def test_a_beam_without_width_or_with_a_penalty_that_is_no_number_is_refused():
    with pytest.raises(ValueError, match="width=0; allowed: a whole number of at least 1"):
        Beam(width=0)
    with pytest.raises(ValueError, match="length_penalty=nan; allowed: a finite number"):
        Beam(length_penalty=float("nan"))
