"""Where runs are carried out: how many workers, on which devices."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Places:
    """`device` is handed to every run, `sort` is cpu, cuda or mps, `environments` are taken in turn by the workers."""

    device: str | None
    sort: str
    workers: int
    environments: tuple[Mapping[str, str], ...]


def places(device: str | None, workers: int | None, with_torch: bool = True) -> Places:
    """One worker a core on the CPU, one a GPU on a machine with several, unless a number or one device was asked for.

    Raises:
        ValueError: the device is not on this machine.
    """
    if not with_torch:
        return Places(device, "cpu", workers or cores(), ({},))
    import torch

    from harness.train.device import choose_device

    chosen = choose_device(device)
    if chosen.type == "cpu":
        return Places("cpu", "cpu", workers or cores(), ({},))
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    gpus = visible.split(",") if visible else [str(number) for number in range(torch.cuda.device_count())]
    if chosen.type != "cuda" or ":" in str(chosen) or len(gpus) == 1:
        return Places(str(chosen), chosen.type, workers or 1, ({},))
    return Places("cuda", "cuda", workers or len(gpus), tuple({"CUDA_VISIBLE_DEVICES": gpu} for gpu in gpus))


def cores() -> int:
    """The cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
