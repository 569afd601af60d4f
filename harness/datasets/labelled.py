"""Texts with one class each: the embedded sets, by name."""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from harness.datasets.address import is_own, no_such
from harness.datasets.cards import SPLITS, available, card_digest, load_card
from harness.datasets.own_labelled import read_labelled
from harness.datasets.vendored import read_split

Example = tuple[str, str]


@dataclass(frozen=True)
class Labelled:
    """Texts and their classes in three splits, each read on use; `notes` as for a text."""

    name: str
    digest: str
    read: Callable[[str], list[Example]]
    notes: tuple[str, ...] = ()


def load_labelled(data: str) -> Labelled:
    """The labelled texts named `data`: an embedded set, or a user's own.

    Raises:
        ValueError: there is no such set, or data that cannot serve.
    """
    names = [name for name in available() if load_card(name).kind == "labelled"]
    if data not in names and is_own(data):
        splits, notes = read_labelled(data)
        digest = sha256(repr([splits[split] for split in SPLITS]).encode()).hexdigest()
        return Labelled(data, digest, splits.__getitem__, tuple(notes))
    if data not in names:
        raise ValueError(f"data: {no_such('labelled texts', data, names)}")
    card = load_card(data)
    return Labelled(data, card_digest(card), lambda split: read_examples(read_split(card, split)))


def read_examples(content: bytes) -> list[Example]:
    """(text, class) of each line, parted by a tab."""
    rows = (line.rsplit("\t", 1) for line in content.decode().splitlines())
    return [(text, name) for text, name in rows]
