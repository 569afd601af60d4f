"""Peak memory of a call on a CUDA device."""

from __future__ import annotations

import torch

from benchmarks.measure.clocks import Call


def peak_bytes(call: Call, device: torch.device) -> int | None:
    """Bytes that `call` had allocated at its peak beyond what was there before; None on a CPU."""
    if device.type != "cuda":
        return None
    torch.cuda.synchronize()
    before = torch.cuda.memory_allocated(device)
    torch.cuda.reset_peak_memory_stats(device)
    call()
    torch.cuda.synchronize()
    return torch.cuda.max_memory_allocated(device) - before
