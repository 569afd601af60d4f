"""A user's own texts with one class each: what repeats counts once, what stands under two classes not at all."""

from collections import defaultdict
from collections.abc import Sequence

from harness.datasets.address import address
from harness.datasets.own_rows import Row, read_rows
from harness.datasets.splitting import normal, split_items

Example = tuple[str, str]
FIELDS = ("text", "label")


def read_labelled(data: str) -> tuple[dict[str, list[Example]], list[str]]:
    """Text and class by split, and what was dropped.

    Raises:
        ValueError: the data cannot be read, a line is bad, there are too few texts, or they are all of one class.
    """
    return _of_known_classes(*read_texts(data, FIELDS))


def read_texts(data: str, fields: Sequence[str], numeric: bool = False) -> tuple[dict[str, list[Example]], list[str]]:
    """Text and label by split, and what was dropped; with `numeric` each label is a number.

    Raises:
        ValueError: the data cannot be read, a line is bad, or there are too few texts.
    """
    parts, notes = read_rows(address(data), fields, numeric=numeric)
    conflicting = _under_two_classes([row for rows in parts.values() for row in rows])
    once = {split: _once(rows, conflicting) for split, rows in parts.items()}
    total, left = (sum(map(len, held.values())) for held in (parts, once))
    if conflicting:
        notes.append(f"{len(conflicting)} texts that stand under two {fields[1]}s dropped")
    if total - left > len(conflicting):
        notes.append(f"{total - left} rows dropped in all, repeated ones included")
    return split_items(once, lambda example: normal(example[0]), "texts", notes)


def _of_known_classes(splits: dict[str, list[Example]], notes: list[str]) -> tuple[dict[str, list[Example]], list[str]]:
    known = {label for _, label in splits["train"]}
    if len(known) < 2:
        raise ValueError(f"data: all training texts are of one class (got {', '.join(known)}; allowed: two or more)")
    kept = {split: [example for example in examples if example[1] in known] for split, examples in splits.items()}
    strange = sum(len(splits[split]) - len(kept[split]) for split in splits)
    if strange:
        notes = [*notes, f"{strange} held-out texts of classes that no training text has dropped"]
    return kept, notes


def _under_two_classes(rows: Sequence[Row]) -> set[str]:
    classes: dict[str, set[str]] = defaultdict(set)
    for text, label in rows:
        classes[normal(text)].add(label)
    return {key for key, labels in classes.items() if len(labels) > 1}


def _once(rows: Sequence[Row], without: set[str]) -> list[Example]:
    first: dict[str, Example] = {}
    for text, label in rows:
        if normal(text) not in without:
            first.setdefault(normal(text), (text, label))
    return list(first.values())
