"""When a run counts as diverged."""

from __future__ import annotations

import math

from harness.tasks.task import Trivial

# the rows that know only how often each target comes, in the order in which a task is asked for them
BASELINES = ("unigram", "majority")


def baseline_nats(trivial: Trivial) -> float | None:
    """Validation nats of the weakest useful row without a model, where the task has one."""
    return next((trivial[name]["val"] for name in BASELINES if name in trivial), None)


def has_diverged(val_loss: float, trivial: Trivial, margin: float | None) -> bool:
    """Not finite, or above the trivial row less `margin` nats; a margin of None leaves only the first."""
    if not math.isfinite(val_loss):
        return True
    baseline = baseline_nats(trivial)
    return margin is not None and baseline is not None and val_loss > baseline - margin
