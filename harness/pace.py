"""What a training step takes: measured once for each model, in turn with those it is compared with, then frozen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from harness.ledger.canonical import Json, digest
from harness.places import one_thread

# takes runs, and returns for each the seconds of a step in every round
Clock = Callable[[Sequence[Json]], list[list[float]]]


@dataclass(frozen=True)
class Timing:
    """Seconds of a step: the median over rounds, and how far these lie apart as a share of it."""

    seconds: float
    spread: float

    @classmethod
    def of(cls, rounds: Sequence[float]) -> Timing:
        """The timing that rounds make together."""
        middle = median(rounds)
        return cls(middle, (max(rounds) - min(rounds)) / middle if middle else 0.0)


class Paces:
    """Timings by what decides them: model, task, training and the sort of device.

    `frozen` holds those of an earlier plan, `used` those that were asked for; both by key.
    """

    def __init__(self, clock: Clock, device: str, frozen: Mapping[str, Timing]) -> None:
        self.clock, self.device, self.frozen = clock, device, frozen
        self.used: dict[str, Timing] = {}

    def __call__(self, run: Json) -> Timing:
        """The timing of a run's steps."""
        self.together([run])
        return self.used[self._key(run)]

    def together(self, runs: Sequence[Json]) -> None:
        """Measure what is not known of `runs`, in turn: a machine that slows down slows each of them."""
        missing = {}
        for run in runs:
            key = self._key(run)
            if key in self.frozen:
                self.used[key] = self.frozen[key]
            elif key not in self.used:
                missing[key] = run
        if missing:
            timings = map(Timing.of, self.clock(list(missing.values())))
            self.used |= dict(zip(missing, timings, strict=True))

    def record(self) -> Json:
        """What a plan holds of it."""
        return {key: asdict(timing) for key, timing in self.used.items()}

    def _key(self, run: Json) -> str:
        return digest([workload(run), self.device])[:16]


def workload(run: Json) -> Any:
    """What of a run decides how long a step takes, and how much memory."""
    train = {name: value for name, value in run["train"].items() if name not in ("steps", "learning_rate")}
    return [run["model"], run["task"], train]


def frozen_paces(plan: Json | None) -> dict[str, Timing]:
    """The timings that a stored plan holds, by key; an older plan's bare seconds, without a spread, are none."""
    stored = [table["budget"].get("calibration") or {} for table in (plan or {}).get("tables") or []]
    return {key: Timing(**told) for timings in stored for key, told in timings.items() if isinstance(told, dict)}


def clock_of(device: str | None) -> Clock:
    """Times runs on this machine, with one thread as a worker has it."""
    from harness.train import Execution, calibrate

    def clock(runs: Sequence[Json]) -> list[list[float]]:
        with one_thread():
            return calibrate(runs, Execution(device=device))

    return clock
