"""What a device could do at most, and which share of it a model's FLOPs make (MFU)."""

from __future__ import annotations

from typing import Any

# dense bf16 FLOPs per second, by a part of the device's name; from the makers' data sheets
BF16_PEAKS = {
    "H200": 989e12,
    "H100 PCIe": 756e12,
    "H100": 989e12,
    "A100": 312e12,
    "L40S": 362e12,
}


def bf16_peak(name: str) -> float | None:
    """The dense bf16 FLOPs per second of the device of this name; None where the table has no row for it."""
    return next((peak for part, peak in BF16_PEAKS.items() if part.lower() in name.lower()), None)


def mfu(flops: float, seconds: float, name: str) -> dict[str, Any]:
    """The share of the bf16 peak that `flops` in `seconds` make, or the reason why it is not known."""
    peak = bf16_peak(name)
    reason = None if peak else f"no peak is known for {name!r}; benchmarks/measure/peak.py holds the table"
    return {"mfu": flops / seconds / peak if peak else None, "peak": peak, "reason": reason}
