"""How a run is carried out where its result does not depend on it: device, checkpoints, what is kept, when to stop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Execution:
    """Settings outside the run's id.

    `device` is `cuda`, `mps`, `cpu` or a numbered one, None takes BESTIARY_DEVICE or the fastest that is present.
    `checkpoint_every` counts steps, `checkpoint_seconds` wall time; None switches either off. `keep` says which
    weights a reporting run leaves behind; the best are those of the lowest validation loss on the way. A checkpoint
    that other `code` wrote is not taken up. `trunks` is the folder in which runs of several budgets share the steps
    before their rates decay. `stop` is asked after every step.
    """

    device: str | None = None
    checkpoint_every: int | None = None
    checkpoint_seconds: float | None = 30.0
    keep: Literal["none", "best", "last"] = "none"
    code: str = ""
    trunks: str | None = None
    stop: Callable[[], bool] | None = None
