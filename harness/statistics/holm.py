"""Holm's step-down correction (1979, https://www.jstor.org/stable/4615733): few false claims over a declared family."""

from collections.abc import Hashable, Mapping
from typing import TypeVar

Name = TypeVar("Name", bound=Hashable)


def holm(p_values: Mapping[Name, float | None], family: int | None = None) -> dict[Name, float | None]:
    """Adjusted p-values: the contrasts at or under alpha hold one false claim with probability alpha at most.

    `family` counts the declared contrasts, all of `p_values` by default. A contrast without a p-value keeps its place
    in the family as if its p were 1, so that no verdict grows firmer because a run is missing.

    Raises:
        ValueError: the family is smaller than the number of p-values.
    """
    size = len(p_values) if family is None else family
    if size < len(p_values):
        raise ValueError(f"family: got {size}; allowed: {len(p_values)}, the number of p-values, or more")
    adjusted: dict[Name, float | None] = dict.fromkeys(p_values)
    known = [(p, name) for name, p in p_values.items() if p is not None]
    largest = 0.0
    for rank, (p, name) in enumerate(sorted(known, key=lambda pair: pair[0])):
        largest = max(largest, min(1.0, p * (size - rank)))
        adjusted[name] = largest
    return adjusted
