"""Loss and scores on a held-out split, token-weighted: the same for every cut into batches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import torch

from harness.tasks.task import Batch, Scored
from harness.train.device import autocast
from harness.train.feed import to_device
from harness.train.objective import classes, nats
from variants import Model


def scored(model: Model, batches: Iterable[Batch], device: torch.device, precision: str) -> Iterator[Scored]:
    """Yields each batch with its nats and the likeliest class of each target."""
    was_training = model.training
    model.eval()
    try:
        for batch in batches:
            yield _score(model, batch, device, precision)
    finally:
        model.train(was_training)


def mean_nats(evaluated: Iterable[Scored]) -> float:
    """Sum of weighted nats over sum of weights, in float64."""
    nats_sum = weight_sum = 0.0
    for item in evaluated:
        weights = item.batch.weights.astype(np.float64)
        nats_sum += float((item.nats * weights).sum())
        weight_sum += float(weights.sum())
    return nats_sum / weight_sum


def first_tokens(batches: Iterable[Batch], tokens: int) -> list[Batch]:
    """The first batches, up to the one that brings `tokens` scored targets."""
    taken: list[Batch] = []
    count = 0
    for batch in batches:
        taken.append(batch)
        count += int(np.count_nonzero(batch.weights))
        if count >= tokens:
            break
    return taken


@torch.no_grad()
def _score(model: Model, batch: Batch, device: torch.device, precision: str) -> Scored:
    feed = to_device(batch, device)
    with autocast(device, precision):
        logits = model.run(**feed.inputs).logits
    losses = nats(logits, feed.targets).cpu().numpy().astype(np.float64)
    return Scored(batch, losses, classes(logits).argmax(-1).cpu().numpy())
