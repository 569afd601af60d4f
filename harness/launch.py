"""What a launch of a sweep is told, and what it came to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from harness.ledger import State
from harness.ledger.canonical import Json
from harness.places import Places
from harness.plantools import Tools
from harness.progress import Counts


@dataclass(frozen=True, kw_only=True)
class Launch:
    """How a sweep is carried out; nothing here changes a result.

    `workers` None means one a core; on an accelerator as many of them are at a run as its memory holds.
    `reuse_other_code` takes over results that other code made, and says so. `keep` says which weights a reporting run
    leaves behind. With `only`, runs in other states are left as they are. `runner`, `environment`, `tools` and `where`
    are for tests.
    """

    out: Path = Path("runs")
    workers: int | None = None
    device: str | None = None
    reuse_other_code: bool = False
    keep: Literal["none", "best", "last"] = "last"
    only: frozenset[State] | None = None
    runner: str = "harness.train:run"
    environment: Mapping[str, str] = field(default_factory=dict)
    tools: Tools | None = None
    where: Places | None = None


@dataclass(frozen=True)
class Outcome:
    """What a launch came to; `problems` are sentences, one for each reason the sweep cannot be relied on."""

    folder: Path
    plan: Json
    comparison: Json
    counts: Counts
    problems: tuple[str, ...]

    @property
    def exit_code(self) -> int:
        """0, or 1 when there is a problem."""
        return 1 if self.problems else 0
