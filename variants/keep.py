"""What attention keeps while decoding, keys and values above all: of every slot, or a ring of the last ones."""

from __future__ import annotations

import torch
from torch import Tensor

from variants.context import Context, State
from variants.parts import Visibility


def keep(k_BGTK: Tensor, v_BGTK: Tensor, visibility: Visibility, context: Context) -> tuple[Tensor, Tensor]:
    """Stores the present keys and values; returns all that are there, (B, G, S, K), in the order of `key_slots`.

    Raises:
        ValueError: the decoding state keeps something else, or padding within a row would push real slots out.
    """
    kept = keep_all({"k": k_BGTK, "v": v_BGTK}, visibility, context)
    return kept["k"], kept["v"]


def keep_all(new: dict[str, Tensor], visibility: Visibility, context: Context) -> dict[str, Tensor]:
    """As `keep`, for any tensors whose third dimension is time; no more slots are kept than a query can see."""

    def build(state: State) -> dict[str, Tensor]:
        width = min(visibility.reach or state.capacity, state.capacity)
        return {name: x.new_zeros(state.batch, x.shape[1], width, x.shape[3]) for name, x in new.items()}

    slot = context.slot(build)
    if slot is None:
        return new
    if slot.keys() != new.keys():
        told = f"the decoding state keeps {', '.join(slot)}, and {', '.join(new)} are needed"
        raise ValueError(f"{told}; one made in training goes on in training alone, one of evaluation in evaluation")
    width, end = next(iter(slot.values())).shape[2], context.past + context.tokens
    if end > width:
        context.ring = width
        _check_gaps(visibility, context.mask_BS)
    return {name: _store(slot[name], x, context.past) for name, x in new.items()}


def keep_next(slot: dict[str, Tensor], k_BG1K: Tensor, v_BG1K: Tensor, past: int) -> tuple[Tensor, Tensor]:
    """As `keep` for one token after `past` slots, where there is room for it and no padding; in any order."""
    return _store(slot["k"], k_BG1K, past), _store(slot["v"], v_BG1K, past)


def _check_gaps(visibility: Visibility, mask_BS: Tensor | None) -> None:
    """A ring holds the last slots; a predicate that counts real tokens may see further back across a gap."""
    if visibility.counts_real and mask_BS is not None and bool((mask_BS[:, 1:] < mask_BS[:, :-1]).any()):
        raise ValueError(
            "padding stands after real tokens, and the ring of kept slots would lose some; pad on the left"
        )


def _store(kept_BGWK: Tensor, new_BGTK: Tensor, past: int) -> Tensor:
    """Writes the new slots to their places, slot s to s % W, and gives what the new ones may see."""
    width, tokens = kept_BGWK.shape[2], new_BGTK.shape[2]
    end = past + tokens
    if end <= width or tokens == 1:
        # `narrow`: half of what a slice costs, which tells in small models
        kept_BGWK.narrow(2, past % width, tokens).copy_(new_BGTK)
        return kept_BGWK.narrow(2, 0, min(end, width))
    seen = torch.cat([kept_BGWK[:, :, : min(past, width)], new_BGTK], 2)
    last = torch.arange(max(past, end - width), end, device=new_BGTK.device)
    kept_BGWK[:, :, last % width] = new_BGTK[:, :, last - past]
    return seen
