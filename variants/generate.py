"""Decoding with a cache: the likeliest token each time, one that is drawn, or beam search."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from variants.at_hand import at_hand
from variants.builder import Model
from variants.decoding import Beam, Sampling, Stops, make_prompt
from variants.decoding.prompt import check_fits
from variants.evaluating import evaluating


@torch.inference_mode()
def generate(
    model: Model,
    tokens: Tensor | None = None,
    *,
    max_new_tokens: int,
    padding_mask: Tensor | None = None,
    source: Tensor | None = None,
    source_padding_mask: Tensor | None = None,
    global_mask: Tensor | None = None,
    bos: int | None = None,
    eos: int | Sequence[int] | None = None,
    sampling: Sampling | Beam = Sampling(),
) -> Tensor:
    """New tokens after `tokens` (B, T), or after `bos` where there are none; (B, at most max_new_tokens), int64.

    `source` (B, S) is the encoder's input, or a decoder's prefix, and `global_mask` True on its global tokens. Padding
    masks are True on real tokens; padding may stand on either side, and positions count real tokens, so that a row
    gives what it gives alone. `eos` is a token that ends a row, or several; a row that has ended is filled with the one
    that ended it.

    Raises:
        ValueError: the model cannot decode, there is nothing to start from, a mask or a stop does not fit, or the
            context is too short.
    """
    if max_new_tokens < 0:
        raise ValueError(f"max_new_tokens={max_new_tokens}; allowed: a whole number of at least 0")
    prompt = make_prompt(model, tokens, padding_mask, source, source_padding_mask, bos, global_mask)
    # the last new token is returned but never read, so it takes no slot
    check_fits(model, prompt.slots + max_new_tokens - 1)
    if max_new_tokens == 0:
        return prompt.inputs["tokens"][:, :0]
    stops = Stops.of(eos, model.spec["vocab_size"], prompt.device)
    with evaluating(model), at_hand(model):
        return sampling.write(model, prompt, max_new_tokens, stops)
