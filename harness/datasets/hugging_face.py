"""Data sets at Hugging Face, through their library: rows by split."""

from collections.abc import Iterator
from typing import Any

from harness.datasets.address import HUGGING_FACE, Address

# what the hub calls a split, as we call it
SPLIT_NAMES = {"train": "train", "validation": "val", "val": "val", "dev": "val", "test": "test"}


def rows_of(where: Address) -> dict[str, Iterator[dict[str, Any]]]:
    """The rows of each split of `hf:OWNER/NAME?config=...&revision=...`; numbers of classes become their names.

    Raises:
        ValueError: no data set is named, the library is missing, or the data set cannot be had.
    """
    name = where.place.removeprefix(HUGGING_FACE)
    if not name.strip("/"):
        raise ValueError(f"data: {where.place} names no data set (allowed: hf:OWNER/NAME)")
    try:
        from datasets import load_dataset
    except ImportError as error:
        raise ValueError(f"data: {where.place} needs the extra `data`: pip install 'bestiary[data]'") from error
    try:
        found = load_dataset(name, where.given.get("config"), revision=where.given.get("revision"))
    except Exception as error:  # the library raises its own kinds, the network's and the file system's
        why = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ValueError(
            f"data: {where.place} cannot be had from Hugging Face ({why}); without a network only what is in its cache "
            "can be read: give a file of your own instead"
        ) from error
    ours = {split: SPLIT_NAMES.get(split, split) for split in found}
    # two of one name, such as dev beside validation, keep their own
    names = ours if len(set(ours.values())) == len(ours) else {split: split for split in found}
    return {names[split]: _named(rows) for split, rows in found.items()}


def _named(rows: Any) -> Iterator[dict[str, Any]]:
    classes = {name: feature.names for name, feature in rows.features.items() if getattr(feature, "names", None)}
    for row in rows:
        yield {**row, **{name: _name(row[name], names) for name, names in classes.items()}}


def _name(number: int | None, names: list[str]) -> str | None:
    # a test split whose classes are kept back has -1 in each row
    return None if number is None or number < 0 else names[number]
