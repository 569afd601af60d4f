"""The counter-based standard normal draw: a pure function of (seed, salt, role, row, column)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

Words = npt.NDArray[np.uint64]
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def standard_normal(seed: int, salt: str, role: str, shape: Sequence[int]) -> Tensor:
    """N(0, 1) in float32 on the CPU; a wider or taller tensor contains the narrower one.

    Each number depends on its row (the first dimension) and its column (all others, flattened) alone: a hash of the
    counter (the splitmix64 finaliser, https://doi.org/10.1145/2660193.2660195) gives two uniforms, Box-Muller the rest.
    """
    rows = shape[0]
    columns = int(np.prod(shape[1:], dtype=np.int64)) if len(shape) > 1 else 1
    digest = hashlib.blake2b(f"{seed}|{salt}|{role}".encode(), digest_size=16).digest()
    keys = np.frombuffer(digest, dtype=np.uint64)
    counter = (np.arange(rows, dtype=np.uint64)[:, None] << np.uint64(32)) | np.arange(columns, dtype=np.uint64)
    with np.errstate(over="ignore"):
        radius, angle = (_uniform(counter, key) for key in keys)
    normal = np.sqrt(-2.0 * np.log(radius)) * np.cos(2.0 * np.pi * angle)
    return torch.from_numpy(normal.astype(np.float32)).reshape(tuple(shape))


def _uniform(counter: Words, key: np.uint64) -> npt.NDArray[Any]:
    """Uniforms in (0, 1) by hashing the counter under a key."""
    z = _mix(_mix(counter * _GOLDEN + key) ^ key)
    return ((z >> np.uint64(11)).astype(np.float64) + 0.5) / 2.0**53


def _mix(z: Words) -> Words:
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
