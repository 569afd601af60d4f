"""Pairs of a source and one or more right targets, as symbols: the embedded sets, by name."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from harness.datasets.address import no_such
from harness.datasets.cards import card_digest, load_card
from harness.datasets.images import Classes, Pixels, load_images
from harness.datasets.vendored import read_split

NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
Symbols = tuple[str, ...]
Cut = Callable[[str], Symbols]
Join = Callable[[Sequence[str]], str]


@dataclass(frozen=True)
class Pair:
    """A source and every target that counts as right; the first one is trained on."""

    source: Symbols
    targets: tuple[Symbols, ...]


@dataclass(frozen=True)
class Pairs:
    """A set of pairs in three splits, each read on use; `longest_…` count symbols over all splits.

    `unit` names a target symbol in scores, as in phoneme_error_rate; `cut` makes symbols of a source, and `join` a text
    of target symbols; `alphabet` holds symbols that exist whether training shows them or not; `notes` say what a person
    should know of how a set of their own was split.
    """

    name: str
    digest: str
    unit: str
    longest_source: int
    longest_target: int
    read: Callable[[str], list[Pair]]
    join: Join
    cut: Cut = tuple
    alphabet: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


PAIR_SETS: dict[str, Callable[[], Pairs]] = {}


def load_pairs(data: str) -> Pairs:
    """The pairs named `data`.

    Raises:
        ValueError: there is no such set.
    """
    if data not in PAIR_SETS:
        raise ValueError(f"data: {no_such('pairs', data, sorted(PAIR_SETS))}")
    return PAIR_SETS[data]()


def pair_set(name: str) -> Callable[[Callable[[], Pairs]], Callable[[], Pairs]]:
    """Registers a set of pairs under a name."""

    def decorate(make: Callable[[], Pairs]) -> Callable[[], Pairs]:
        PAIR_SETS[name] = make
        return make

    return decorate


@pair_set("g2p")
def g2p() -> Pairs:
    """English words, letter by letter, to phonemes without stress marks."""
    return _embedded("g2p", "phoneme", 20, 19, phonemes, " ".join)


@pair_set("dates")
def dates() -> Pairs:
    """Dates written in 15 locales to ISO 8601, both letter by letter."""
    return _embedded("dates", "character", 37, 10, tuple, "".join)


@pair_set("digit_names")
def digit_names() -> Pairs:
    """Handwritten digits, pixel by pixel in 17 shades, to their English names, letter by letter."""
    images = load_images("digits")
    return Pairs(
        name="digit_names",
        digest=images.digest,
        unit="letter",
        longest_source=64,
        longest_target=5,
        read=lambda split: _named(*images.read(split)),
        join="".join,
        cut=lambda text: tuple(text.split()),
    )


def _named(pixels: Pixels, classes: Classes) -> list[Pair]:
    shades = np.rint(pixels.reshape(len(pixels), -1) * 16).astype(int).tolist()
    return [Pair(tuple(map(str, row)), (tuple(NAMES[name]),)) for row, name in zip(shades, classes, strict=True)]


def phonemes(pronunciation: str) -> Symbols:
    """Phonemes of a dictionary line, stress marks taken off."""
    return tuple(phone.rstrip("012") for phone in pronunciation.split())


def read_rows(content: bytes, target: Cut) -> list[Pair]:
    """Pairs from lines of a source and its targets, parted by tabs; targets that become equal are kept once."""
    rows = (line.split("\t") for line in content.decode().splitlines())
    return [Pair(tuple(source), tuple(dict.fromkeys(map(target, targets)))) for source, *targets in rows]


def _embedded(name: str, unit: str, longest_source: int, longest_target: int, target: Cut, join: Join) -> Pairs:
    card = load_card(name)
    return Pairs(
        name=name,
        digest=card_digest(card),
        unit=unit,
        longest_source=longest_source,
        longest_target=longest_target,
        read=lambda split: read_rows(read_split(card, split), target),
        join=join,
    )
