"""Log-likelihoods: those of the model's own steps, of one sum, and the same whatever the padding."""

from itertools import product

import pytest
import torch

from specs import build, decoder_spec, encoder_decoder_spec, encoder_spec, part, tokens
from use_samples import DECODERS, ENCODER_DECODERS, PREFIXED
from variants import Beam, score
from variants.decoding import Stops, make_prompt, search

BOS = 1
CLOSE = 1e-9  # float64, over a few tokens


@torch.no_grad()
def by_steps(model, source, target, bos):
    """Sums the steps of one row, each from a forward pass over all before it."""
    nats = 0.0
    for end in range(target.shape[1]):
        start = torch.tensor([[bos]]) if bos is not None else source
        text = torch.cat([start, target[:, :end]], 1)
        given = {"source": source} if bos is not None and source is not None else {}
        nats += float(model(text, **given)[0, -1].log_softmax(-1)[target[0, end]])
    return nats


def rows(side, length, seed):
    x, mask = tokens(3, length, seed=seed), torch.ones(3, length, dtype=torch.bool)
    for row, missing in ((0, 3), (2, 1)):
        mask[row, slice(missing) if side == "left" else slice(length - missing, None)] = False
    return x, mask


@pytest.mark.parametrize("bos", [None, BOS])
@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("name", DECODERS)
def test_a_decoder_scores_a_padded_batch_as_the_steps_of_each_row(name, side, bos):
    model, (source, source_mask), (target, target_mask) = build(DECODERS[name]), rows(side, 7, 1), rows(side, 6, 2)
    masks = {"source_padding_mask": source_mask, "target_padding_mask": target_mask}
    nats = score(model, source, target, bos=bos, **masks)
    for row in range(3):
        one = source[row : row + 1, source_mask[row]], target[row : row + 1, target_mask[row]]
        assert abs(float(nats[row]) - by_steps(model, *one, bos)) < CLOSE


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("name", PREFIXED | ENCODER_DECODERS)
def test_an_answer_is_scored_as_the_steps_of_each_row(name, side):
    model = build((PREFIXED | ENCODER_DECODERS)[name])
    (source, source_mask), (target, target_mask) = rows(side, 7, 1), rows(side, 6, 2)
    masks = {"source_padding_mask": source_mask, "target_padding_mask": target_mask}
    nats = score(model, source, target, bos=BOS, **masks)
    for row in range(3):
        one = source[row : row + 1, source_mask[row]], target[row : row + 1, target_mask[row]]
        assert abs(float(nats[row]) - by_steps(model, *one, BOS)) < CLOSE


@pytest.mark.parametrize("name", ["decoder", "prefix", "encoder-decoder"])
def test_the_likelihoods_of_all_answers_of_one_length_sum_to_one(name):
    small = {"vocab_size": 5}
    spec = {
        "decoder": decoder_spec(position="learned", model=small),
        "prefix": decoder_spec(position="rope", visibility="prefix", model=small),
        "encoder-decoder": encoder_decoder_spec(position="rope", model=small),
    }[name]
    target = torch.tensor(list(product(range(5), repeat=3)))
    source = tokens(1, 4, vocabulary=5).expand(len(target), -1)
    assert abs(float(score(build(spec), source, target, bos=BOS).exp().sum()) - 1) < CLOSE


def test_without_a_source_the_text_itself_is_scored():
    model, target = build(DECODERS["rope"]), tokens(2, 5)
    nats = score(model, None, target, bos=BOS)
    assert abs(float(nats[1]) - by_steps(model, None, target[1:], BOS)) < CLOSE


def test_what_a_beam_finds_scores_as_the_beam_says():
    model, source = build(ENCODER_DECODERS["seq2seq"]), tokens(2, 6)
    prompt = make_prompt(model, None, None, source, None, BOS)
    with torch.no_grad():
        found = search(model, prompt, 5, Stops.of(None, 37, source.device), Beam(width=4, length_penalty=0.0))
    for place in range(4):
        nats = score(model, source, found.tokens_BNL[:, place], bos=BOS)
        assert (nats - found.scores_BN[:, place]).abs().max() < CLOSE


def test_a_model_without_a_likelihood_is_refused_with_the_reason():
    x = tokens(1, 4)
    with pytest.raises(ValueError, match="score needs a decoder; this model is an encoder"):
        score(build(encoder_spec()), x, x)
    with pytest.raises(ValueError, match="one answer per row"):
        score(build(decoder_spec(model={"head": part("head", "classifier")})), x, x)
    with pytest.raises(ValueError, match="score needs `source` or `bos`"):
        score(build(decoder_spec()), None, x)
    for spec in (encoder_decoder_spec(), PREFIXED["prefix-rope"]):
        with pytest.raises(ValueError, match="score needs `bos`, the token that this model's answers start from"):
            score(build(spec), x, x)


def test_a_text_that_the_context_does_not_hold_is_refused():
    with pytest.raises(ValueError, match=r"takes 27 slots .* context_length is 24"):
        score(build(DECODERS["rope"]), tokens(1, 20), tokens(1, 8))


def test_a_model_in_training_is_scored_without_dropout_and_stays_in_training():
    spec = decoder_spec([{"attention": {"kind": "softmax", "dropout": 0.5}}, {"ffn": "mlp"}])
    model, x = build(spec).train(), tokens(2, 5)
    assert torch.equal(score(model, x, x), score(model, x, x))
    assert model.training


def test_a_target_that_the_head_has_no_logit_for_is_refused():
    with pytest.raises(ValueError, match="target hold 37; allowed: 0 to 36"):
        score(build(DECODERS["rope"]), None, torch.tensor([[3, 37]]), bos=BOS)


def test_rows_that_are_none_and_rows_without_a_partner_are_refused():
    model, x = build(DECODERS["rope"]), tokens(2, 5)
    for target in (x[0], x[:, :0]):
        with pytest.raises(ValueError, match=r"target are int64, .*; allowed: .* a row and a slot at least"):
            score(model, x, target)
    with pytest.raises(ValueError, match=r"the source is \(5,\); allowed: \(B, T\), rows of token ids"):
        score(model, x[0], x)
    with pytest.raises(ValueError, match="the source has 1 rows; allowed: 2, as the target has"):
        score(model, x[:1], x)
