"""What a model makes of its tokens before the head: the encoder's output, or a decoder's last hidden states."""

from __future__ import annotations

import torch
from torch import Tensor

from variants.builder import Model
from variants.evaluating import evaluating


@torch.no_grad()
def encode(
    model: Model,
    tokens: Tensor,
    padding_mask: Tensor | None = None,
    *,
    segments: Tensor | None = None,
    global_mask: Tensor | None = None,
) -> Tensor:
    """One vector per slot, (B, T, D): the encoder's output where there is one, else what the decoder's head reads.

    `tokens` (B, T) int64, or images where the embedding takes them; an encoder-decoder reads them as its source.
    `padding_mask` is True on real tokens, `global_mask` on global ones; vectors at padding mean nothing.

    Raises:
        ValueError: the model has no use for `segments` or `global_mask`.
    """
    with evaluating(model):
        if model.encoder is None or model.decoder is None:
            return _last_hidden(model, tokens, padding_mask, segments, global_mask)
        if segments is not None:
            raise ValueError("`segments` were given, but an encoder-decoder's source has none")
        return model.encode(tokens, padding_mask, global_mask)


def _last_hidden(
    model: Model, tokens: Tensor, mask: Tensor | None, segments: Tensor | None, global_mask: Tensor | None
) -> Tensor:
    kept: list[Tensor] = []
    handle = model.head.register_forward_pre_hook(lambda _, given: kept.append(given[0]))
    try:
        model.run(tokens, mask, segments=segments, global_mask=global_mask)
    finally:
        handle.remove()
    return kept[0]
