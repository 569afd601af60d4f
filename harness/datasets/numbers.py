"""Texts with one number each: days of the year from the embedded dates, or a user's own."""

from datetime import date
from hashlib import sha256

from harness.datasets.address import is_own, no_such
from harness.datasets.cards import SPLITS, card_digest, load_card
from harness.datasets.labelled import Labelled, read_examples
from harness.datasets.own_labelled import read_texts
from harness.datasets.vendored import read_split

FIELDS = ("text", "value")


def load_numbers(data: str) -> Labelled:
    """The texts and numbers named `data`; a number is still the text that it was written as.

    Raises:
        ValueError: there is no such set, a line holds no number, or data that cannot serve.
    """
    if data == "dates":
        card = load_card(data)
        return Labelled(data, card_digest(card), lambda split: _days(read_examples(read_split(card, split))))
    if not is_own(data):
        raise ValueError(f"data: {no_such('texts with numbers', data, ['dates'])}")
    splits, notes = read_texts(data, FIELDS, numeric=True)
    digest = sha256(repr([splits[split] for split in SPLITS]).encode()).hexdigest()
    return Labelled(data, digest, splits.__getitem__, tuple(notes))


def _days(examples: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(text, str(date.fromisoformat(iso).timetuple().tm_yday)) for text, iso in examples]
