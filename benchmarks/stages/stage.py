"""What a stage of the GPU benchmark is: named cases, each a call that returns a record."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import torch

from benchmarks.measure.deadline import Deadline

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Record = dict[str, Any]
Case = tuple[str, Callable[[], Record]]


class Unfinished(Exception):
    """A case used up its time and goes on at the next call; `record` says how far it is."""

    def __init__(self, record: Record) -> None:
        super().__init__("time is up")
        self.record = record


@dataclass(frozen=True, kw_only=True)
class Bench:
    """How the benchmark was called. `toy` makes everything tiny; `workers` is the sweep's, None for its default."""

    out: Path
    device: torch.device
    toy: bool
    deadline: Deadline
    workers: int | None = None


class Stage(ABC):
    """One part of the benchmark. Cases that its file already holds are not made again."""

    name: ClassVar[str]

    @abstractmethod
    def cases(self, bench: Bench) -> Iterator[Case]:
        """Every case in order; a case raises TimeUp or Unfinished where the deadline stops it."""

    @abstractmethod
    def told(self, record: Record) -> str:
        """A finished case in one line."""

    @abstractmethod
    def draw(self, records: Mapping[str, Record]) -> Figure | None:
        """The figure of the finished cases; None where there is nothing to show."""
