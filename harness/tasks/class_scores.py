"""What tasks with one class per example share: trivial rows, scores, batches of a finite set."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.tasks.counts import unigram_nats
from harness.tasks.tally import Ranges, accuracy, by_group, token_mean
from harness.tasks.task import Scored, Trivial

Ints = npt.NDArray[np.int64]


def trivial_classes(train: Ints, held_out: Mapping[str, Ints], n_classes: int) -> Trivial:
    """Unigram: the classes' training shares. Majority: the commonest class at its share, the rest alike."""
    one = unigram_nats(train, n_classes)
    rest = -np.log(-np.expm1(-one.min()) / (n_classes - 1))
    most = np.where(np.arange(n_classes) == one.argmin(), one.min(), rest)
    rows = {"unigram": one, "majority": most}
    return {
        name: {split: float(row[classes].mean()) for split, classes in held_out.items()} for name, row in rows.items()
    }


def score_classes(scored: Iterable[Scored], groups: Mapping[str, Ranges]) -> dict[str, Any]:
    """Loss, accuracy, and both by each group."""
    rows: Sequence[Scored] = list(scored)
    return {
        "loss": token_mean(rows),
        "shown": {"accuracy": accuracy(rows)},
        "by": {group: by_group(rows, group, ranges) for group, ranges in groups.items()},
    }
