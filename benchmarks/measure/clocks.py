"""Seconds of a call, by the clock that fits the device."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import torch

Call = Callable[[], Any]
Clock = Callable[[Call, int], float]


def cpu_seconds(call: Call, repeats: int) -> float:
    """CPU seconds of this process per call; what other processes take of a shared machine is not in it."""
    start = time.process_time()
    for _ in range(repeats):
        call()
    return (time.process_time() - start) / repeats


def cuda_seconds(call: Call, repeats: int) -> float:
    """Seconds per call between two events on the device's stream."""
    start: Any = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
    end: Any = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
    torch.cuda.synchronize()
    start.record()
    for _ in range(repeats):
        call()
    end.record()
    torch.cuda.synchronize()
    milliseconds: float = start.elapsed_time(end)
    return milliseconds / 1e3 / repeats


CLOCKS: dict[str, Clock] = {"cpu": cpu_seconds, "cuda": cuda_seconds}


def clock_of(device: torch.device) -> Clock:
    """The clock of a device.

    Raises:
        ValueError: there is none for its type.
    """
    if device.type not in CLOCKS:
        raise ValueError(f"device: cannot be timed (got {device.type!r}; allowed: {', '.join(CLOCKS)})")
    return CLOCKS[device.type]
