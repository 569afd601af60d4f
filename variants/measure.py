"""What is measured of an entry for the torch-free half: parameters, FLOPs, decoding state, structure."""

from __future__ import annotations

from typing import Any

from catalog.resolution import spec_hash
from variants.builder import build_model
from variants.count import count
from variants.flops import coefficients
from variants.parts import Spec
from variants.shrink import shrink
from variants.state_size import state_bytes


def measure(spec: Spec) -> dict[str, Any]:
    """One record of `catalog/built.json`.

    `flops_per_token` and `flops_per_pair` give the forward FLOPs of a sequence of T tokens as their sum over tokens
    and, for each visibility, over the pairs that it lets be seen; `state_bytes` holds the bytes kept in decoding,
    `fixed` once and `per_token` for every slot, in float32.
    """
    model = build_model(spec, device="meta")
    per_token, per_pair = coefficients(model)
    state = [state_bytes(spec, slots) for slots in (8, 9)]
    kept = None
    if state[0] is not None and state[1] is not None:
        growth = state[1] - state[0]
        kept = {"fixed": state[0] - 8 * growth, "per_token": growth}
    return {
        "parameters": count(model),
        "flops_per_token": per_token,
        "flops_per_pair": per_pair,
        "state_bytes": kept,
        "structure": spec_hash(shrink(spec)),
    }
