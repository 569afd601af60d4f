"""What a run cost: seconds without compilation and warm-up, tokens per second, peak memory."""

from __future__ import annotations

import contextlib
import resource
import sys
import time
from pathlib import Path

import torch

from harness.train.device import synchronize

WARM_UP = 3


class Clock:
    """Times training steps; evaluation and checkpoints are outside, the first WARM_UP steps on a line of their own.

    `pretraining` holds the seconds that went into weights to start from, which are among those of the wall.
    """

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.seconds = self.warm_up_seconds = self.wall_before = self.pretraining = 0.0
        self.steps = self.tokens = self.warm_up_steps = 0
        self._begun = time.perf_counter()
        self._since: float | None = None

    def step(self, tokens: int) -> None:
        """Counts a step that was done since the clock was last running."""
        if self.warm_up_steps < WARM_UP:
            self.warm_up_steps += 1
            self._bank_warm_up()
            return
        self.steps += 1
        self.tokens += tokens

    def run(self) -> None:
        """Starts the clock."""
        if self._since is None:
            self._since = time.perf_counter()

    def pause(self) -> None:
        """Stops the clock, once the device has caught up."""
        if self._since is not None:
            synchronize(self.device)
            self.seconds += time.perf_counter() - self._since
            self._since = None

    @property
    def wall(self) -> float:
        """Seconds since the run began, those before a resume included."""
        return self.wall_before + time.perf_counter() - self._begun

    def report(self, compiled: bool) -> dict[str, float | int | None]:
        """The figures; compile seconds are what the warm-up took beyond its steps' usual time."""
        usual = self.seconds / self.steps if self.steps else 0.0
        extra = max(0.0, self.warm_up_seconds - self.warm_up_steps * usual)
        return {
            "seconds": self.seconds,
            "seconds_per_step": usual or None,
            "tokens_per_second": self.tokens / self.seconds if self.steps else None,
            "warm_up_seconds": self.warm_up_seconds,
            "compile_seconds": extra if compiled else 0.0,
            "wall_seconds": self.wall,
            "pretraining_seconds": self.pretraining,
        }

    def state(self) -> dict[str, float | int]:
        """What a checkpoint keeps."""
        kept = ("seconds", "steps", "tokens", "wall", "pretraining")
        return {name: getattr(self, name) for name in kept}

    def restore(self, state: dict[str, float | int]) -> None:
        """Goes on counting from a checkpoint."""
        self.seconds, self.steps, self.tokens = float(state["seconds"]), int(state["steps"]), int(state["tokens"])
        self.wall_before, self.pretraining = float(state["wall"]), float(state["pretraining"])

    def _bank_warm_up(self) -> None:
        assert self._since is not None
        synchronize(self.device)
        now = time.perf_counter()
        self.warm_up_seconds += now - self._since
        self._since = now


def reset_peak_memory(device: torch.device) -> None:
    """Starts a new peak, where the system lets a process do so."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def peak_memory_bytes(device: torch.device) -> int:
    """Peak bytes since the last reset: allocated on a CUDA device, resident elsewhere."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    with contextlib.suppress(OSError):
        lines = Path("/proc/self/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) * 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
