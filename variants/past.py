"""What a mixer sees that reads the slots before the present: all of them, or the nearest."""

from __future__ import annotations

import torch

from variants.conjunction import Both
from variants.parts import Site, Visibility


def past(site: Site, kind: str) -> Visibility:
    """The causal visibility, for a stack that allows it.

    Raises:
        ValueError: the stack has no visibility, or one that hides part of the past.
    """
    _check(site, kind, site.context_length)
    visibility: Visibility = site.part("visibility", {"kind": "causal"})
    return visibility


def recent(site: Site, kind: str, slots: int) -> Visibility:
    """The present and the slots just before it, `slots` in all, for a stack that allows it.

    Raises:
        ValueError: the stack has no visibility, or one that hides some of these slots.
    """
    _check(site, kind, min(slots, site.context_length))
    causal, window = ({"kind": "causal"}, {"kind": "window", "window": slots})
    return Both(site.part("visibility", causal), site.part("visibility", window))


def both_ways(site: Site, kind: str) -> Visibility:
    """The full visibility, for a stack that has it.

    Raises:
        ValueError: the stack hides some slots from others.
    """
    stack = _of_stack(site, kind)
    if not stack.is_full:
        raise ValueError(f"{kind} reads both ways, but the {site.stack}'s visibility is not full; allowed: full")
    return stack


def _check(site: Site, kind: str, reach: int) -> None:
    slots = torch.arange(site.context_length, device="cpu")
    if not bool(_of_stack(site, kind).allows(slots[-1:, None], slots[None, -reach:]).all()):
        raise ValueError(f"{kind} reads the last {reach} slots, but the {site.stack}'s visibility hides part of them")


def _of_stack(site: Site, kind: str) -> Visibility:
    if site.visibility is None:
        raise ValueError(f"{kind} needs a stack with a visibility")
    return site.visibility
