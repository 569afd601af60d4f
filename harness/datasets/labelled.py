"""Texts with one class each: the embedded sets, by name."""

from collections.abc import Callable
from dataclasses import dataclass

from catalog.errors import did_you_mean
from harness.datasets.cards import available, card_digest, load_card
from harness.datasets.vendored import read_split

Example = tuple[str, str]


@dataclass(frozen=True)
class Labelled:
    """Texts and their classes in three splits, each read on use."""

    name: str
    digest: str
    read: Callable[[str], list[Example]]


def load_labelled(data: str) -> Labelled:
    """The labelled texts named `data`.

    Raises:
        ValueError: there is no such set.
    """
    names = [name for name in available() if load_card(name).kind == "labelled"]
    if data not in names:
        close = did_you_mean(data, names)
        hint = f"; did you mean {close}?" if close else ""
        raise ValueError(f"data: no such labelled texts (got {data!r}; allowed: {', '.join(names)}{hint})")
    card = load_card(data)
    return Labelled(data, card_digest(card), lambda split: read_examples(read_split(card, split)))


def read_examples(content: bytes) -> list[Example]:
    """(text, class) of each line, parted by a tab."""
    rows = (line.rsplit("\t", 1) for line in content.decode().splitlines())
    return [(text, name) for text, name in rows]
