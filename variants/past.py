"""What a mixer sees that reads every slot from the first one to the present."""

from __future__ import annotations

import torch

from variants.parts import Site, Visibility


def past(site: Site, kind: str) -> Visibility:
    """The causal visibility, for a stack that allows it.

    Raises:
        ValueError: the stack has no visibility, or one that hides part of the past.
    """
    stack = _of_stack(site, kind)
    slots = torch.arange(site.context_length, device="cpu")
    if not bool(stack.allows(slots[-1:, None], slots[None, :]).all()):
        raise ValueError(f"{kind} reads the whole past, but the {site.stack}'s visibility hides part of it")
    visibility: Visibility = site.part("visibility", {"kind": "causal"})
    return visibility


def both_ways(site: Site, kind: str) -> Visibility:
    """The full visibility, for a stack that has it.

    Raises:
        ValueError: the stack hides some slots from others.
    """
    stack = _of_stack(site, kind)
    if not stack.is_full:
        raise ValueError(f"{kind} reads both ways, but the {site.stack}'s visibility is not full")
    return stack


def _of_stack(site: Site, kind: str) -> Visibility:
    if site.visibility is None:
        raise ValueError(f"{kind} needs a stack with a visibility")
    return site.visibility
