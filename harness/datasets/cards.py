"""Data cards: what an embedded set holds, where it comes from, and the digests its files must have."""

from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

import yaml

SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class SplitFile:
    """One vendored file: `sha256` of the file as it lies there, `content_sha256` of what it unpacks to."""

    file: str
    sha256: str
    content_sha256: str
    bytes: int
    items: int


@dataclass(frozen=True)
class Card:
    """The facts of one embedded data set, as written in its `card.yaml`."""

    name: str
    kind: str
    title: str
    package: str
    source: str
    licence: str
    licence_files: tuple[str, ...]
    split_rule: str
    note: str
    build: str
    files: dict[str, SplitFile]


@cache
def available() -> tuple[str, ...]:
    """Names of the embedded data sets, sorted."""
    root = files("harness.data")
    return tuple(sorted(entry.name for entry in root.iterdir() if (entry / "card.yaml").is_file()))


@cache
def load_card(name: str) -> Card:
    """The card of an embedded set.

    Raises:
        KeyError: there is no set of that name.
    """
    if name not in available():
        raise KeyError(name)
    raw: dict[str, Any] = yaml.safe_load((files("harness.data") / name / "card.yaml").read_text(encoding="utf-8"))
    splits = {split: SplitFile(**facts) for split, facts in raw.pop("files").items()}
    return Card(files=splits, licence_files=tuple(raw.pop("licence_files")), **raw)


def card_digest(card: Card) -> str:
    """One sha256 over the content of every split, in the order of their names."""
    parts = "".join(card.files[split].content_sha256 for split in sorted(card.files))
    return sha256(parts.encode()).hexdigest()
