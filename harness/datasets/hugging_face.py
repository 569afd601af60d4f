"""Data sets at Hugging Face, through their library: rows by split."""

from collections.abc import Iterator
from typing import Any

from harness.datasets.address import HUGGING_FACE, Address

# what the hub calls a split, as we call it
SPLIT_NAMES = {"train": "train", "validation": "val", "val": "val", "dev": "val", "test": "test"}


def rows_of(where: Address) -> dict[str, Iterator[dict[str, Any]]]:
    """The rows of each split of `hf:OWNER/NAME?config=...&revision=...`; numbers of classes become their names.

    Raises:
        ValueError: the library is missing, or the data set cannot be had.
    """
    try:
        from datasets import load_dataset
    except ImportError as error:
        raise ValueError(f"data: {where.place} needs the extra `data`: pip install 'bestiary[data]'") from error
    name = where.place.removeprefix(HUGGING_FACE)
    try:
        found = load_dataset(name, where.given.get("config"), revision=where.given.get("revision"))
    except Exception as error:  # the library raises its own kinds, the network's and the file system's
        why = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ValueError(
            f"data: {where.place} cannot be had from Hugging Face ({why}); without a network only what is in its cache "
            "can be read: give a file of your own instead"
        ) from error
    return {SPLIT_NAMES.get(split, split): _named(rows) for split, rows in found.items()}


def _named(rows: Any) -> Iterator[dict[str, Any]]:
    classes = {name: feature.names for name, feature in rows.features.items() if getattr(feature, "names", None)}
    for row in rows:
        yield {**row, **{name: names[row[name]] for name, names in classes.items() if row[name] is not None}}
