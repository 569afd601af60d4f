"""Greedy generations for the scores that need them, such as an error rate of whole outputs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import torch

from harness.tasks.task import Generation, Scored
from harness.train.feed import to_device
from variants import Model


def with_generations(
    model: Model, evaluated: Iterable[Scored], generation: Generation, examples: int, device: torch.device
) -> Iterator[Scored]:
    """Passes batches on, the first ones up to `examples` rows with what the model generates from their source."""
    left = examples
    for item in evaluated:
        yield _generated(model, item, generation, device) if left > 0 else item
        left -= len(item.batch.targets)


def _generated(model: Model, item: Scored, generation: Generation, device: torch.device) -> Scored:
    from variants import generate

    inputs = to_device(item.batch, device).inputs
    tokens = generate(
        model,
        source=inputs["source"],
        source_padding_mask=inputs.get("source_padding_mask"),
        max_new_tokens=generation.max_new_tokens,
        bos=generation.bos,
        eos=generation.eos,
    )
    return replace(item, generated=tokens.cpu().numpy())
