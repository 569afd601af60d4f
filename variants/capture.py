"""Attention weights by layer and head, for plots."""

from __future__ import annotations

import torch
from torch import Tensor

from variants.builder import Model
from variants.evaluating import evaluating

Place = tuple[str, int, str]
WEIGHTS = "attention"


@torch.no_grad()
def capture_attention(
    model: Model,
    tokens: Tensor,
    padding_mask: Tensor | None = None,
    source: Tensor | None = None,
    source_padding_mask: Tensor | None = None,
    segments: Tensor | None = None,
    global_mask: Tensor | None = None,
) -> dict[Place, Tensor]:
    """Weights (B, H, T, S) by (stack, depth, branch), such as ("decoder", 0, "attention"); inputs as the model's own.

    A query's weights are 0 on keys that it does not see and sum to 1 over the others, less what a sink takes.
    A padded query that sees nothing else has its whole weight on itself. Branches that weigh nothing are absent.

    Raises:
        ValueError: the model has no use for an input, or lacks one.
    """
    with evaluating(model):
        inputs = (tokens, padding_mask, source, source_padding_mask, segments, global_mask)
        captures = model.run(*inputs, capture=True).captures
    return {_place(key): weights for key, weights in captures.items() if key.endswith(f"/{WEIGHTS}")}


def _place(key: str) -> Place:
    stack, depth, branch, _ = key.split("/")
    return stack, int(depth), branch
