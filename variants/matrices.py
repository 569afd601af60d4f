"""How many numbers the matrices of modules hold: half the FLOPs of one token that passes through them."""

from __future__ import annotations

from torch import nn


def matrix_numbers(*modules: nn.Module | None) -> int:
    """The numbers in all matrices (and kernels of more dimensions); absent modules have none."""
    parameters = (p for module in modules if module is not None for p in module.parameters())
    return sum(p.numel() for p in parameters if p.dim() >= 2)
