"""What is measured of an entry for the torch-free half: parameters, FLOPs, decoding state, structure."""

from __future__ import annotations

from typing import Any

from catalog.resolution import spec_hash
from variants.builder import Model, build_model
from variants.count import count
from variants.flops import coefficients
from variants.parts import Mixer, Spec
from variants.shrink import shrink
from variants.state_size import state_bytes


def measure(spec: Spec) -> dict[str, Any]:
    """One record of `catalog/built.json`.

    `flops_per_token` and `flops_per_pair` give the forward FLOPs of a sequence of T tokens as their sum over tokens
    and, for each visibility, over the pairs that it lets be seen; `state_bytes` bounds the bytes kept in decoding,
    `fixed` once and `per_token` for every slot, in float32; the bound is exact once all windows are full.
    """
    model = build_model(spec, device="meta")
    per_token, per_pair = coefficients(model)
    return {
        "parameters": count(model),
        "flops_per_token": per_token,
        "flops_per_pair": per_pair,
        "state_bytes": _kept(spec, _longest_window(model)),
        "structure": spec_hash(shrink(spec)),
    }


def _longest_window(model: Model) -> int:
    """How many slots fill every window that a text within the context can fill."""
    reaches = [mixer.sees() for mixer in model.modules() if isinstance(mixer, Mixer)]
    return max((v.reach for v in reaches if v and v.reach and v.reach < model.spec["context_length"]), default=1)


def _kept(spec: Spec, slots: int) -> dict[str, int] | None:
    """The line through the state's bytes at so many slots and at one more."""
    first, second = (state_bytes(spec, n) for n in (slots, slots + 1))
    if first is None or second is None:
        return None
    return {"fixed": first - slots * (second - first), "per_token": second - first}
