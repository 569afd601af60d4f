"""Beam search: the best few beginnings are kept at every step, and the best of all that ended is the answer."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from variants.builder import Model
from variants.decoding.prompt import Prompt
from variants.decoding.stepping import stepping
from variants.decoding.stops import Stops

# letters: N hypotheses of a row, L new tokens
NEVER = float("-inf")


@dataclass(frozen=True, kw_only=True)
class Beam:
    """Keeps `width` beginnings; a text of L new tokens, its stop included, scores log p / L**length_penalty.

    With `length_penalty` 0 the score is the log-likelihood in nats, which favours short texts; 1 is its mean per token
    (https://arxiv.org/abs/1609.08144 has a penalty between the two).

    Raises:
        ValueError: the width is less than 1, or the penalty is not finite.
    """

    width: int = 4
    length_penalty: float = 1.0

    def __post_init__(self) -> None:
        if self.width < 1:
            raise ValueError(f"width={self.width}; allowed: a whole number of at least 1")
        if not math.isfinite(self.length_penalty):
            raise ValueError(f"length_penalty={self.length_penalty}; allowed: a finite number")

    def write(self, model: Model, prompt: Prompt, max_new_tokens: int, stops: Stops) -> Tensor:
        """The best text of each row, (B, at most max_new_tokens), filled with the stop that ended it."""
        found = search(model, prompt, max_new_tokens, stops, self)
        length = int(found.lengths_BN[:, 0].max())
        return found.tokens_BNL[:, 0, :length]

    def score(self, nats: Tensor, length: int) -> Tensor:
        """The score of texts of `length` new tokens with these log-likelihoods."""
        scores: Tensor = nats / length**self.length_penalty
        return scores


@dataclass(frozen=True)
class Hypotheses:
    """Texts of each row, best first, filled behind `lengths_BN` with their last token; a missing one scores -inf."""

    tokens_BNL: Tensor
    lengths_BN: Tensor
    scores_BN: Tensor

    @classmethod
    def none(cls, batch: int, width: int, longest: int, like: Tensor) -> Hypotheses:
        tokens = torch.zeros(batch, width, longest, dtype=torch.int64, device=like.device)
        return cls(tokens, tokens.new_zeros(batch, width), _exact(like.new_full((batch, width), NEVER)))

    def with_better(self, tokens_BNL: Tensor, scores_BN: Tensor) -> Hypotheses:
        """The best of these and of new ones; as many as before."""
        width, missing = self.scores_BN.shape[1], self.tokens_BNL.shape[2] - tokens_BNL.shape[2]
        filled_BNL = torch.cat([tokens_BNL, tokens_BNL[..., -1:].expand(-1, -1, missing)], -1)
        lengths_BN = self.lengths_BN.new_full(scores_BN.shape, tokens_BNL.shape[2])
        scores, place_BN = torch.cat([self.scores_BN, scores_BN], 1).topk(width)
        return Hypotheses(
            _take(torch.cat([self.tokens_BNL, filled_BNL], 1), place_BN),
            torch.cat([self.lengths_BN, lengths_BN], 1).gather(1, place_BN),
            scores,
        )


def search(model: Model, prompt: Prompt, max_new_tokens: int, stops: Stops, beam: Beam) -> Hypotheses:
    """The `width` best texts that the beam finds; exhaustive where the width is that of all beginnings."""
    state, logits_BV = prompt.start(model, max_new_tokens)
    step, batch = stepping(model, state), prompt.batch
    ended = Hypotheses.none(batch, beam.width, max_new_tokens, logits_BV)
    live_BNL, nats_BN = ended.tokens_BNL[:, :1, :0], ended.scores_BN.new_zeros(batch, 1)
    for length in range(1, max_new_tokens + 1):
        parent_BN, token_BN, nats_BN = _best(logits_BV, nats_BN, beam.width * (1 + len(stops)))
        grown_BNL = torch.cat([_take(live_BNL, parent_BN), token_BN[..., None]], -1)
        ends_BN = stops.end(token_BN) | (length == max_new_tokens)
        ended = ended.with_better(grown_BNL, beam.score(nats_BN.masked_fill(~ends_BN, NEVER), length))
        nats_BN, kept_BN = nats_BN.masked_fill(ends_BN, NEVER).topk(min(beam.width, token_BN.shape[1]))
        if _is_settled(ended, nats_BN, length, max_new_tokens, beam):
            break
        live_BNL = _take(grown_BNL, kept_BN)
        first_row_B1 = torch.arange(batch, device=prompt.device)[:, None] * (state.batch // batch)
        state.reorder((first_row_B1 + parent_BN.gather(1, kept_BN)).flatten())
        logits_BV = step(live_BNL[..., -1].flatten())
    return ended


def _best(logits_BV: Tensor, nats_BN: Tensor, n: int) -> tuple[Tensor, Tensor, Tensor]:
    """The n likeliest continuations of each row: which beginning, which token, nats; likeliest first."""
    batch, vocabulary = nats_BN.shape[0], logits_BV.shape[-1]
    steps_BNV = _exact(logits_BV).log_softmax(-1).reshape(batch, -1, vocabulary)
    total_BC = (nats_BN[..., None] + steps_BNV).flatten(1)
    nats, place = total_BC.topk(min(n, total_BC.shape[1]))
    return place // vocabulary, place % vocabulary, nats


def _is_settled(ended: Hypotheses, nats_BN: Tensor, length: int, longest: int, beam: Beam) -> bool:
    """Whether nothing that still lives can displace what has ended, however it goes on."""
    hope_BN = torch.maximum(beam.score(nats_BN, length + 1), beam.score(nats_BN, longest))
    return bool((ended.scores_BN[:, -1:] >= hope_BN).all())


def _take(x_BNL: Tensor, place_BN: Tensor) -> Tensor:
    return x_BNL.gather(1, place_BN[..., None].expand(-1, -1, x_BNL.shape[2]))


def _exact(x: Tensor) -> Tensor:
    """float32 at least: nats of long texts add up."""
    return x.to(torch.promote_types(x.dtype, torch.float32))
