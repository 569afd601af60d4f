"""Decoding: with a cache as without, padded as alone, drawn as asked, and ended at a stop."""

import pytest
import torch

from specs import build, decoder_spec, encoder_spec, part, tokens
from use_samples import DECODERS, ENCODER_DECODERS, PREFIXED
from variants import Sampling, generate

BOS = 1
ALL = DECODERS | PREFIXED | ENCODER_DECODERS


@torch.no_grad()
def without_cache(model, x, n, **inputs):
    """The likeliest tokens, each from a forward pass over all before it."""
    start = x.shape[1]
    for _ in range(n):
        x = torch.cat([x, model(x, **inputs)[:, -1:].argmax(-1)], 1)
    return x[:, start:]


@pytest.mark.parametrize("name", ALL)
def test_greedy_decoding_with_a_cache_equals_decoding_without(name):
    model, x = build(ALL[name]), tokens(2, 4)
    source = {} if name in DECODERS else {"source": tokens(2, 7, seed=5)}
    assert torch.equal(generate(model, x, max_new_tokens=9, **source), without_cache(model, x, 9, **source))


@pytest.mark.parametrize("name", ALL)
def test_the_head_may_read_the_last_slot_alone(name):
    model, x = build(ALL[name]), tokens(2, 4)
    source = {} if name in DECODERS else {"source": tokens(2, 7, seed=5)}
    with torch.no_grad():
        last = model.run(x, **source, last=True).logits
        # one row of a matrix product may sum in another order than several
        torch.testing.assert_close(last, model(x, **source)[:, -1:], rtol=0, atol=1e-10)


def padded(side, length, seed):
    """Three rows, two of them shorter than the others, and the mask of what is real."""
    x, mask = tokens(3, length, seed=seed), torch.ones(3, length, dtype=torch.bool)
    for row, missing in ((0, 3), (2, 1)):
        mask[row, slice(missing) if side == "left" else slice(length - missing, None)] = False
    return x, mask


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("name", DECODERS)
def test_a_padded_prompt_is_gone_on_from_as_each_row_alone(name, side):
    model, (x, mask) = build(DECODERS[name]), padded(side, 6, seed=1)
    made = generate(model, x, max_new_tokens=8, padding_mask=mask)
    for row in range(3):
        assert torch.equal(made[row], generate(model, x[row : row + 1, mask[row]], max_new_tokens=8)[0]), row


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("name", PREFIXED | ENCODER_DECODERS)
def test_a_padded_source_is_answered_as_each_row_alone(name, side):
    model, (x, mask) = build((PREFIXED | ENCODER_DECODERS)[name]), padded(side, 7, seed=5)
    made = generate(model, source=x, source_padding_mask=mask, bos=BOS, max_new_tokens=8)
    for row in range(3):
        alone = generate(model, source=x[row : row + 1, mask[row]], bos=BOS, max_new_tokens=8)
        assert torch.equal(made[row], alone[0]), row


def test_padding_of_both_prompt_and_source_is_refused_where_they_are_one_text():
    model, (x, mask) = build(PREFIXED["prefix-rope"]), padded("left", 6, seed=1)
    with pytest.raises(ValueError, match="as one text"):
        generate(model, x, padding_mask=mask, source=x, max_new_tokens=2)


def test_every_row_ends_at_the_first_of_several_stops_and_is_filled_with_it():
    model, x = build(DECODERS["rope"]), tokens(6, 4)
    free = generate(model, x, max_new_tokens=12)
    stops = [int(free[0, 3]), int(free[1, 5])]
    made = generate(model, x, max_new_tokens=12, eos=stops)
    for row, whole in zip(made.tolist(), free.tolist(), strict=True):
        end = next((i for i, token in enumerate(whole) if token in stops), len(whole) - 1)
        assert row[: end + 1] == whole[: end + 1]
        assert set(row[end:]) == {whole[end]}


def test_decoding_ends_when_all_rows_have():
    model, x = build(DECODERS["rope"]), tokens(1, 4)
    free = generate(model, x, max_new_tokens=12)[0].tolist()
    made = generate(model, x, max_new_tokens=12, eos=free[4])[0].tolist()
    assert made == free[: free.index(free[4]) + 1]


def test_a_stop_that_is_no_token_is_refused():
    with pytest.raises(ValueError, match="eos=37 is no token of this model; allowed: 0 to 36"):
        generate(build(DECODERS["rope"]), tokens(1, 4), max_new_tokens=2, eos=[1, 37])


def test_the_likeliest_of_one_is_the_likeliest():
    model, x = build(DECODERS["rope"]), tokens(2, 4)
    greedy = generate(model, x, max_new_tokens=6)
    for narrow in (Sampling(temperature=3.0, top_k=1), Sampling(temperature=1.0, top_p=1e-6)):
        assert torch.equal(generate(model, x, max_new_tokens=6, sampling=narrow), greedy)


def drawn(sampling, logits, n=20_000):
    """How often each token is drawn from one row of logits."""
    draw = torch.Generator().manual_seed(sampling.seed)
    made = sampling.choose(torch.tensor(logits).expand(n, -1), draw)
    return torch.bincount(made, minlength=len(logits)) / n


LOGITS = [0.0, 2.0, 1.0, -1.0, 1.5]
NEAR = 0.015  # four standard deviations of a frequency over 20,000 draws


def test_temperature_divides_logits_and_frequencies_follow():
    expected = (torch.tensor(LOGITS) / 0.7).softmax(-1)
    assert (drawn(Sampling(temperature=0.7), LOGITS) - expected).abs().max() < NEAR


def test_top_k_keeps_as_many_even_where_logits_tie():
    assert (drawn(Sampling(temperature=1.0, top_k=2), LOGITS) > 0).tolist() == [False, True, False, False, True]
    assert int((drawn(Sampling(temperature=1.0, top_k=2), [1.0, 1.0, 1.0, 0.0]) > 0).sum()) == 2


def test_top_p_keeps_the_fewest_whose_probabilities_reach_it():
    p = torch.tensor(LOGITS).softmax(-1)
    two, three = float(p[1] + p[4]), float(p[1] + p[4] + p[2])
    kept = torch.tensor(LOGITS).masked_fill(~torch.tensor([False, True, False, False, True]), float("-inf")).softmax(-1)
    assert (drawn(Sampling(temperature=1.0, top_p=two - 0.01), LOGITS) - kept).abs().max() < NEAR
    assert (drawn(Sampling(temperature=1.0, top_p=(two + three) / 2), LOGITS) > 0).sum() == 3


def test_top_p_acts_on_what_top_k_left():
    # of the two kept, the first has 0.62 of the mass; alone it would have 0.44
    assert (drawn(Sampling(temperature=1.0, top_k=2, top_p=0.6), LOGITS) > 0).sum() == 1


def test_a_seed_draws_the_same_again_and_another_does_not():
    model, x = build(DECODERS["rope"]), tokens(4, 4)
    made = [generate(model, x, max_new_tokens=8, sampling=Sampling(temperature=1.0, seed=s)) for s in (3, 3, 4)]
    assert torch.equal(made[0], made[1])
    assert not torch.equal(made[0], made[2])


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"temperature": -1.0}, "temperature=-1.0; allowed"),
        ({"temperature": 1.0, "top_k": -2}, "top_k=-2; allowed"),
        ({"temperature": 1.0, "top_p": 0.0}, "top_p=0.0; allowed"),
        ({"top_k": 3}, "at temperature=0 nothing is"),
        ({"top_p": 0.5}, "at temperature=0 nothing is"),
    ],
)
def test_sampling_that_means_nothing_is_refused(options, told):
    with pytest.raises(ValueError, match=told):
        Sampling(**options)


def test_models_that_cannot_decode_are_refused_with_the_reason():
    x, pooled = tokens(1, 4), {"head": part("head", "classifier")}
    with pytest.raises(ValueError, match="this model is an encoder"):
        generate(build(encoder_spec()), x, max_new_tokens=1)
    with pytest.raises(ValueError, match="sees no later slot"):
        generate(build(decoder_spec(visibility="full")), x, max_new_tokens=1)
    with pytest.raises(ValueError, match="one answer per row"):
        generate(build(decoder_spec(model=pooled)), x, max_new_tokens=1)


def test_a_prompt_that_is_no_batch_is_refused():
    with pytest.raises(ValueError, match=r"the prompt is \(4,\); allowed: \(B, T\), rows of token ids"):
        generate(build(DECODERS["rope"]), tokens(2, 4)[0], max_new_tokens=1)


def test_masks_that_do_not_fit_are_refused():
    model, x = build(DECODERS["rope"]), tokens(2, 4)
    with pytest.raises(ValueError, match=r"the mask of the prompt is \(2, 5\); allowed: \(2, 4\)"):
        generate(model, x, padding_mask=torch.ones(2, 5, dtype=torch.bool), max_new_tokens=1)
    with pytest.raises(ValueError, match="row 1 of the prompt has no real token"):
        generate(model, x, padding_mask=torch.tensor([[True] * 4, [False] * 4]), max_new_tokens=1)


def test_nothing_is_made_when_nothing_is_asked_and_a_model_in_training_stays_in_it():
    model = build(DECODERS["rope"]).train()
    assert generate(model, tokens(2, 4), max_new_tokens=0).shape == (2, 0)
    generate(model, tokens(2, 4), max_new_tokens=1)
    assert model.training
    with pytest.raises(ValueError, match="max_new_tokens=-1"):
        generate(model, tokens(2, 4), max_new_tokens=-1)
