"""What a call really ran: attention operators by name, and the kernels that took most time."""

from __future__ import annotations

from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile

from benchmarks.measure.clocks import Call
from harness.train.kernels import kernels_of

SHOWN = 12


def ran(call: Call, device: torch.device) -> dict[str, Any]:
    """The attention operators that `call` asked the device for, and its longest kernels with their share of the time.

    On a CPU there are no kernels apart from operators, so those are listed.
    """
    activities = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if device.type == "cuda" else [])]
    with profile(activities=activities, acc_events=True) as profiler:
        call()
        if device.type == "cuda":
            torch.cuda.synchronize()
    events = profiler.key_averages()
    return {"attention": sorted(kernels_of(event.key for event in events)), "longest": _longest(events, device)}


def _longest(events: Any, device: torch.device) -> list[dict[str, Any]]:
    on_device = device.type == "cuda"
    times = {
        event.key: float(event.self_device_time_total if on_device else event.self_cpu_time_total)
        for event in events
        if (event.device_type.name == "CUDA") == on_device
    }
    total = sum(times.values()) or 1.0
    ordered = sorted(times.items(), key=lambda item: -item[1])[:SHOWN]
    return [{"name": name, "microseconds": round(time, 1), "share": round(time / total, 4)} for name, time in ordered]
