"""Where runs are carried out: how many workers, on which devices."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Places:
    """`device` is handed to every run, `sort` is cpu, cuda or mps, `name` is what a person calls it.

    Each of `environments` is a place for workers, which take them in turn; `workers` is how many there are at most.
    """

    device: str | None
    sort: str
    name: str
    workers: int
    environments: tuple[Mapping[str, str], ...]

    @property
    def by_memory(self) -> bool:
        """Whether the memory of a place decides how many of its workers are at a run at once."""
        return self.sort != "cpu"

    @property
    def parallel(self) -> int:
        """How many runs go on side by side without slowing each other down: one a core, or one an accelerator."""
        return min(self.workers, len(self.environments)) if self.by_memory else self.workers


def places(device: str | None, workers: int | None, with_torch: bool = True) -> Places:
    """One worker a core at most, whatever the device, unless a number was asked for; every accelerator is a place.

    Raises:
        ValueError: the device is not on this machine.
    """
    if not with_torch:
        return Places(device, "cpu", "cpu", workers or cores(), ({},))
    import torch

    from harness.train.device import choose_device, describe

    chosen = choose_device(device)
    if chosen.type == "cpu":
        return Places("cpu", "cpu", describe(chosen), workers or cores(), ({},))
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    gpus = visible.split(",") if visible else [str(number) for number in range(torch.cuda.device_count())]
    if chosen.type != "cuda" or ":" in str(chosen) or len(gpus) == 1:
        return Places(str(chosen), chosen.type, describe(chosen), workers or cores(), ({},))
    environments = tuple({"CUDA_VISIBLE_DEVICES": gpu} for gpu in gpus)
    return Places("cuda", "cuda", describe(chosen), workers or max(cores(), len(gpus)), environments)


def cores() -> int:
    """The cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def one_thread() -> Iterator[None]:
    """Hold torch to one thread, as in a worker: a sum over several takes another time, and may have other last bits."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
