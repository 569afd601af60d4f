"""Where a run computes: the device, its precision, its clock and its random numbers."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from hashlib import blake2b
from pathlib import Path

import torch

BACKENDS: dict[str, Callable[[], bool]] = {
    "cuda": torch.cuda.is_available,
    "mps": torch.backends.mps.is_available,
    "cpu": lambda: True,
}
# bytes in use on a device by every process, or by this one where others cannot be seen; and bytes in all
METERS: dict[str, Callable[[torch.device], tuple[int, int]]] = {
    "cuda": lambda device: _used(*torch.cuda.mem_get_info(device)),
    "mps": lambda device: (torch.mps.driver_allocated_memory(), torch.mps.recommended_max_memory()),
}
LOW_PRECISION = {"bf16": torch.bfloat16}


def choose_device(asked: str | None = None) -> torch.device:
    """The device asked for, by argument or BESTIARY_DEVICE, else the fastest that is present.

    Raises:
        ValueError: the one asked for is not here.
    """
    present = [name for name, is_available in BACKENDS.items() if is_available()]
    name = asked or os.environ.get("BESTIARY_DEVICE") or present[0]
    if name.split(":")[0] not in present or not _has_number(name):
        raise ValueError(f"device: not on this machine (got {name!r}; allowed: {', '.join(present)})")
    return torch.device(name)


def describe(device: torch.device) -> str:
    """The device in a person's words."""
    if device.type == "cuda":
        return f"{device} ({torch.cuda.get_device_name(device)})"
    return f"cpu ({_processor()})" if device.type == "cpu" else str(device)


def autocast(device: torch.device, precision: str) -> AbstractContextManager[object]:
    """The context that a forward runs in; nothing at all for float32."""
    dtype = LOW_PRECISION.get(precision)
    return nullcontext() if dtype is None else torch.autocast(device.type, dtype)


def synchronize(device: torch.device) -> None:
    """Waits until the device has done what it was given."""
    if device.type != "cpu":
        torch.accelerator.synchronize(device)


def memory_of(device: torch.device) -> dict[str, int] | None:
    """Bytes `used` on the device and in `total`, what is set aside for reuse included; None for a CPU."""
    if device.type not in METERS:
        return None
    used, total = METERS[device.type](device)
    return {"used": used, "total": total}


def give_memory_back(device: torch.device) -> None:
    """Let go of what a run that is over has set aside on an accelerator, which other processes may need."""
    if device.type in METERS:
        gc.collect()
        torch.accelerator.empty_cache()


def _used(free: int, total: int) -> tuple[int, int]:
    return total - free, total


class StepNoise:
    """Seeds the generators before a step, so that its dropout is a function of (seed, step) alone."""

    def __init__(self, seed: int, device: torch.device) -> None:
        self.seed = seed
        self.generators = [torch.default_generator, *_accelerator_generators(device)]

    def __call__(self, step: int) -> None:
        name = f"noise/{self.seed}/{step}".encode()
        number = int.from_bytes(blake2b(name, digest_size=7).digest(), "little")
        for generator in self.generators:
            generator.manual_seed(number)


def _accelerator_generators(device: torch.device) -> list[torch.Generator]:
    if device.type == "cuda":
        torch.cuda.init()  # type: ignore[no-untyped-call]
        index = torch.cuda.current_device() if device.index is None else device.index
        return [torch.cuda.default_generators[index]]
    return [torch.mps._get_default_mps_generator()] if device.type == "mps" else []


def _has_number(name: str) -> bool:
    kind, _, number = name.partition(":")
    if not number:
        return True
    count = torch.cuda.device_count() if kind == "cuda" else 1
    return number.isdigit() and int(number) < count


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else "unknown processor"
