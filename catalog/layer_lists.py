"""Lists of one item for each layer that a library's config gives by a rule, made from the rule's numbers and back.

| form | list |
|---|---|
| `leading: [k, n]` | n numbers: k ones, then zeros |
| `between: [first, last, n]` | n numbers: ones from one layer to another, both counted from 0 |
| `every: [period, offset, n]` | n numbers: ones in layers whose number leaves `offset` when divided by `period` |
| `every_but: [period, PLACES, n]` | n numbers: ones in every period-th layer, but not at the places of a list |
| `at: [PLACES, n]` | n numbers: ones at the places of a list, counted from 0 |
| `spread: [k, n]` | n numbers: a one at every (n // k)-th place, from the second on |
| `together: [LIST, LIST]` | the items of two lists side by side, as one text with a space between; it nests |
"""

from collections.abc import Callable
from typing import Any

from catalog.yaml_loader import scalar

Items = list[Any]


def leading(ones: int, n: int) -> Items:
    """Ones and then zeros."""
    return between(0, ones - 1, n)


def between(first: int, last: int, n: int) -> Items:
    """Ones from `first` to `last`."""
    return [int(first <= i <= last) for i in range(n)]


def every(period: int, offset: int, n: int) -> Items:
    """Ones where i % period == offset."""
    return [int(i % period == offset) for i in range(n)]


def every_but(period: int, places: Items, n: int) -> Items:
    """Ones where (i + 1) % period == 0, but at these places."""
    return [int((i + 1) % period == 0 and i not in places) for i in range(n)]


def at(places: Items, n: int) -> Items:
    """Ones at these places."""
    return [int(i in places) for i in range(n)]


def spread(ones: int, n: int) -> Items:
    """Ones at every (n // ones)-th place, from the second on."""
    step = n // ones if ones else n
    return [int(step == 1 or (step > 1 and i % step == 1)) for i in range(n)]


def together(ones: Items, others: Items) -> Items:
    """Pairs as texts."""
    return [f"{one} {other}" for one, other in zip(ones, others, strict=True)]


def _ones_first(items: Items) -> tuple[Any, ...]:
    return sum(items), len(items)


def _ends(items: Items) -> tuple[Any, ...]:
    places = [i for i, item in enumerate(items) if item]
    return (*(min(places), max(places)), len(items)) if places else (1, 0, len(items))


def _period(items: Items) -> tuple[Any, ...]:
    # the shortest; a list without ones has an offset that no layer reaches
    n = len(items)
    tried = ((period, offset) for period in range(1, n + 2) for offset in range(period))
    return (*next((each for each in tried if every(*each, n) == items), (1, 0)), n)


def _period_and_places(items: Items) -> tuple[Any, ...]:
    n = len(items)
    period = next((p for p in range(1, n + 2) if every_but(p, [], n) == items), None)
    return (period, [], n) if period else (1, [i for i, item in enumerate(items) if not item], n)


def _places(items: Items) -> tuple[Any, ...]:
    return [i for i, item in enumerate(items) if item], len(items)


def _spread_count(items: Items) -> tuple[Any, ...]:
    n = len(items)
    return next((k for k in (sum(items), *range(n + 2)) if spread(k, n) == items), 0), n


def _apart(items: Items) -> tuple[Any, ...]:
    pairs = [str(item).split(" ", 1) for item in items]
    return [scalar(pair[0]) for pair in pairs], [scalar(pair[-1]) for pair in pairs]


# name -> the list from the rule's parts, and the parts from the list; a list that no parts give is told by `parts_of`
RULES: dict[str, tuple[int, Callable[..., Items], Callable[[Items], tuple[Any, ...]]]] = {
    "leading": (2, leading, _ones_first),
    "between": (3, between, _ends),
    "every": (3, every, _period),
    "every_but": (3, every_but, _period_and_places),
    "at": (2, at, _places),
    "spread": (2, spread, _spread_count),
    "together": (2, together, _apart),
}


def parts_of(rule: str, items: Items) -> tuple[Any, ...]:
    """The parts from which a rule makes this list.

    Raises:
        ValueError: there are none.
    """
    _, make, take_apart = RULES[rule]
    parts = take_apart(items)
    if make(*parts) != items:
        raise ValueError(f"no `{rule}` gives {items}")
    return parts


def item_where(items: Items, keys: Items, key: Any) -> Any:
    """The item that a list has wherever another has this key; None where it has none.

    Raises:
        ValueError: there are several.
    """
    found = [item for item, other in zip(items, keys, strict=True) if other == key]
    if any(item != found[0] for item in found):
        raise ValueError(f"one value for all of {key}")
    return found[0] if found else None
