"""One token after the other: the likeliest each time, or one that is drawn."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from variants.builder import Model
from variants.decoding.prompt import Prompt
from variants.decoding.stepping import stepping
from variants.decoding.stops import Stops


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """How the next token is chosen. At temperature 0 it is the likeliest.

    Above 0, logits are divided by `temperature`, the `top_k` likeliest tokens are kept (0: all), then the fewest whose
    probabilities reach `top_p` together (https://arxiv.org/abs/1904.09751), and one of these is drawn. The same `seed`
    draws the same tokens for the same batch on the same device.

    Raises:
        ValueError: a value is out of range, or has no say at temperature 0.
    """

    temperature: float = 0.0
    top_k: int = 0
    top_p: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.temperature < float("inf"):
            raise ValueError(f"temperature={self.temperature}; allowed: a number of at least 0")
        if self.top_k < 0:
            raise ValueError(f"top_k={self.top_k}; allowed: a whole number of at least 0, where 0 keeps all tokens")
        if not 0 < self.top_p <= 1:
            raise ValueError(f"top_p={self.top_p}; allowed: a number above 0 and at most 1, which keeps all tokens")
        if not self.temperature and (self.top_k or self.top_p < 1):
            raise ValueError("top_k and top_p narrow what is drawn, and at temperature=0 nothing is; give one above 0")

    def write(self, model: Model, prompt: Prompt, max_new_tokens: int, stops: Stops) -> Tensor:
        """New tokens, (B, at most max_new_tokens); a row that has ended is filled with the stop that ended it."""
        draw = torch.Generator(device=prompt.device).manual_seed(self.seed)
        state, logits_BV = prompt.start(model, max_new_tokens)
        step, stopping = stepping(model, state), len(stops) > 0
        made = [self.choose(logits_BV, draw)]
        ended_B = stops.end(made[0])
        while len(made) < max_new_tokens and not (stopping and bool(ended_B.all())):
            logits_BV = step(made[-1])
            token_B = self.choose(logits_BV, draw)
            if stopping:
                token_B = torch.where(ended_B, made[-1], token_B)
                ended_B = ended_B | stops.end(token_B)
            made.append(token_B)
        return torch.stack(made, 1)

    def choose(self, logits_BV: Tensor, draw: torch.Generator) -> Tensor:
        """The next token of each row, (B,) int64."""
        if self.temperature == 0:
            return logits_BV.argmax(-1)
        kept = min(self.top_k or logits_BV.shape[-1], logits_BV.shape[-1])
        logits_BK, tokens_BK = (logits_BV.float() / self.temperature).topk(kept)
        p_BK = logits_BK.softmax(-1)
        if self.top_p < 1:
            # what the likelier ones reach without it decides, so that the first always stays
            p_BK = p_BK.masked_fill(p_BK.cumsum(-1) - p_BK >= self.top_p, 0.0)
        place_B1 = torch.multinomial(p_BK, 1, generator=draw)
        return tokens_BK.gather(1, place_B1)[:, 0]
