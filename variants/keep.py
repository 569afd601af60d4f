"""Keys and values that attention keeps while decoding: those of every slot, or a ring of the last ones."""

from __future__ import annotations

import torch
from torch import Tensor

from variants.context import Context, State


def keep(k_BGTK: Tensor, v_BGTK: Tensor, reach: int | None, context: Context) -> tuple[Tensor, Tensor]:
    """Stores the present keys and values; returns all that are there, (B, G, S, K), in the order of `key_slots`.

    `reach` counts the slots that a query sees at most, its own included: no more are kept. None keeps every slot.

    Raises:
        ValueError: the decoding state has no room for so many slots.
    """

    def build(state: State) -> dict[str, Tensor]:
        width = min(reach or state.capacity, state.capacity)
        new = {"k": k_BGTK, "v": v_BGTK}
        return {name: x.new_zeros(state.batch, x.shape[1], width, x.shape[3]) for name, x in new.items()}

    slot = context.slot(build)
    if slot is None:
        return k_BGTK, v_BGTK
    width, end = slot["k"].shape[2], context.past + context.tokens
    assert context.state is not None
    if end > context.state.capacity:
        raise ValueError(f"the decoding state has room for {context.state.capacity} slots, and {end} are needed")
    if end > width:
        context.ring = width
    k, v = (_store(slot[name], new, context.past) for name, new in (("k", k_BGTK), ("v", v_BGTK)))
    return k, v


def _store(kept_BGWK: Tensor, new_BGTK: Tensor, past: int) -> Tensor:
    """Writes the new slots to their places, slot s to s % W, and gives what the new ones may see."""
    width, tokens = kept_BGWK.shape[2], new_BGTK.shape[2]
    end = past + tokens
    if end <= width or tokens == 1:
        start = past % width
        kept_BGWK[:, :, start : start + tokens] = new_BGTK
        return kept_BGWK[:, :, : min(end, width)]
    seen = torch.cat([kept_BGWK[:, :, : min(past, width)], new_BGTK], 2)
    last = torch.arange(max(past, end - width), end, device=new_BGTK.device)
    kept_BGWK[:, :, last % width] = new_BGTK[:, :, last - past]
    return seen
