"""A user's rows cut into splits that share nothing: by the digest of what is asked, or as given without leaks."""

from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import TypeVar

from harness.datasets.cards import SPLITS
from harness.datasets.near_copies import near_copies

T = TypeVar("T")
SHARE = 0.05
LEAST = 20


def normal(text: str) -> str:
    """The text without regard to case and white space; what is equal so counts as one."""
    return " ".join(text.lower().split())


def split_items(
    parts: Mapping[str, Sequence[T]], key: Callable[[T], str], what: str, notes: Sequence[str] = ()
) -> tuple[dict[str, list[T]], list[str]]:
    """Items of train, val and test, and what a person should know; `key` tells what must not stand in two splits.

    `notes` tell of what was done to the items before.

    Splits that the data has are kept: an item of test is taken out of val and train, and one of val out of train.
    Without them, the items go to val and test (5 % each) in the order of their keys' digests, the rest to train.

    Raises:
        ValueError: there are too few items.
    """
    if set(parts) == set(SPLITS):
        kept, leaks = _without_leaks(parts, key, what)
        notes = [*notes, *leaks]
    else:
        kept = _by_digest([item for items in parts.values() for item in items], key, what, notes)
    sizes = ", ".join(f"{len(kept[split])} {split}" for split in SPLITS)
    held_out = [key(item) for split in ("val", "test") for item in kept[split]]
    return kept, [*notes, f"{what}: {sizes}", near_copies(map(key, kept["train"]), held_out, what)]


def cut(items: Sequence[T], key: Callable[[T], str], count: int | None = None) -> tuple[list[T], list[T]]:
    """`count` items (5 % unless given) that come first in the order of their keys' digests, and the rest."""
    order = sorted(range(len(items)), key=lambda place: sha256(key(items[place]).encode()).digest())
    first = set(order[: max(1, round(SHARE * len(items))) if count is None else count])
    return [items[i] for i in sorted(first)], [item for i, item in enumerate(items) if i not in first]


def _without_leaks(
    parts: Mapping[str, Sequence[T]], key: Callable[[T], str], what: str
) -> tuple[dict[str, list[T]], list[str]]:
    held: set[str] = set()
    kept: dict[str, list[T]] = {}
    notes = []
    for split in reversed(SPLITS):
        kept[split] = [item for item in parts[split] if key(item) not in held]
        leaks = len(parts[split]) - len(kept[split])
        if leaks:
            notes.append(f"{leaks} {what} of {split} stand in a later split too, and were dropped from {split}")
        if not kept[split]:
            raise ValueError(f"data: no {what} are left in {split}")
        held |= {key(item) for item in kept[split]}
    return kept, notes


def _by_digest(items: Sequence[T], key: Callable[[T], str], what: str, notes: Sequence[str]) -> dict[str, list[T]]:
    if len(items) < LEAST:
        why = f" ({'; '.join(notes)})" if notes else ""
        raise ValueError(f"data: too few {what} that differ{why} (got {len(items)}; allowed: {LEAST} or more)")
    val, rest = cut(items, key)
    test, train = cut(rest, key, len(val))
    return {"train": train, "val": val, "test": test}
