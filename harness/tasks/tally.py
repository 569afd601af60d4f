"""Weighted means over evaluated batches, whole and by group."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.tasks.task import Scored

Floats = npt.NDArray[np.float64]
Ranges = Sequence[tuple[int, int]]


def token_mean(scored: Sequence[Scored]) -> float:
    """Sum of weighted nats over sum of weights: the same for every cut into batches."""
    weights = _weights(scored)
    return float((_nats(scored) * weights).sum() / weights.sum())


def per_byte(scored: Sequence[Scored]) -> float:
    """Sum of weighted nats over the bytes of the scored targets, which their group `bytes` counts."""
    weights = _weights(scored)
    of_bytes = np.concatenate([_spread(s.batch.groups["bytes"], s.batch.targets.shape) for s in scored])
    return float((_nats(scored) * weights).sum() / (of_bytes * weights).sum())


def accuracy(scored: Sequence[Scored]) -> float:
    """The weighted share of targets that the likeliest class meets."""
    weights = _weights(scored)
    hits = np.concatenate([(s.predicted == s.batch.targets).ravel() for s in scored])
    return float((hits * weights).sum() / weights.sum())


def by_group(scored: Sequence[Scored], group: str, ranges: Ranges) -> list[dict[str, Any]]:
    """One row per closed range that holds a scored target: its bucket name, mean loss, accuracy and count."""
    values = np.concatenate([_spread(s.batch.groups[group], s.batch.targets.shape) for s in scored])
    hits = np.concatenate([(s.predicted == s.batch.targets).ravel() for s in scored])
    nats, weights = _nats(scored), _weights(scored)
    rows = []
    for low, high in ranges:
        w = np.where((values >= low) & (values <= high), weights, 0.0)
        if w.any():
            mean = {"loss": float((nats * w).sum() / w.sum()), "accuracy": float((hits * w).sum() / w.sum())}
            rows.append({"bucket": bucket_name(low, high), **mean, "count": int((w > 0).sum())})
    return rows


def bucket_name(low: int, high: int) -> str:
    """`7` or `5-8`."""
    return str(low) if low == high else f"{low}-{high}"


def even_ranges(largest: int, width: int, smallest: int = 1) -> Ranges:
    """Closed ranges of `width` from `smallest` until `largest` is covered."""
    return [(low, low + width - 1) for low in range(smallest, largest + 1, width)]


def _nats(scored: Sequence[Scored]) -> Floats:
    return np.concatenate([s.nats.ravel() for s in scored]).astype(np.float64)


def _weights(scored: Sequence[Scored]) -> Floats:
    return np.concatenate([s.batch.weights.ravel() for s in scored]).astype(np.float64)


def _spread(values: npt.NDArray[Any], shape: tuple[int, ...]) -> npt.NDArray[Any]:
    full = values.reshape(values.shape + (1,) * (len(shape) - values.ndim))
    return np.broadcast_to(full, shape).ravel()
