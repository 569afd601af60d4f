"""Running text as bytes: an embedded set by name, or a user's own."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from catalog.errors import did_you_mean
from harness.datasets.address import Address, address, exists
from harness.datasets.cards import SPLITS, Card, available, card_digest, load_card
from harness.datasets.own_rows import read_rows, suffixes
from harness.datasets.text_file import SplitText, joined_documents, split_documents, split_file
from harness.datasets.text_folder import holds_texts, read_folder
from harness.datasets.vendored import read_split


@dataclass(frozen=True)
class Text:
    """A text in three splits, each read on first use only, so that tuning never opens the test split.

    `notes` say what a person should know of how a text of their own was split.
    """

    name: str
    digest: str
    read: Callable[[str], bytes]
    notes: tuple[str, ...] = ()


def load_text(data: str, context_length: int) -> Text:
    """The text named `data`: an embedded set, a text file, or documents from a folder, a JSONL file or Hugging Face.

    Raises:
        ValueError: nothing of that name, or data that cannot serve (see `split_file`).
    """
    names = text_names()
    if data in names:
        return embedded(load_card(data))
    if data in labelled_names():
        return _without_labels(load_card(data))
    where = address(data)
    if where.is_online or Path(where.place).suffix in suffixes() or _is_folder(where.place):
        return own(where.said, _documents(where, context_length))
    if where.given or not exists(where.place) or not Path(where.place).is_file():
        raise ValueError(_no_such(data, names))
    return own(Path(where.place).name, split_file(Path(where.place), context_length))


def text_names() -> tuple[str, ...]:
    """Names of the embedded sets that are running text."""
    return tuple(name for name in available() if load_card(name).kind == "text")


def labelled_names() -> tuple[str, ...]:
    """Names of the embedded sets whose texts, without their classes, are running text too."""
    return tuple(name for name in available() if load_card(name).kind == "labelled")


def _without_labels(card: Card) -> Text:
    def read(split: str) -> bytes:
        return b"".join(line.rsplit(b"\t", 1)[0] + b"\n" for line in read_split(card, split).splitlines())

    return Text(card.name, sha256(f"{card_digest(card)}/texts".encode()).hexdigest(), read)


def embedded(card: Card) -> Text:
    """An embedded text; the digest is taken from the card, which the bytes are checked against when read."""
    return Text(card.name, card_digest(card), lambda split: read_split(card, split))


def own(name: str, split: SplitText) -> Text:
    """A user's text, already cut into splits."""
    parts = "".join(sha256(split.parts[name]).hexdigest() for name in sorted(split.parts))
    return Text(name, sha256(parts.encode()).hexdigest(), split.parts.__getitem__, split.notes)


def _documents(where: Address, context_length: int) -> SplitText:
    folder = Path(where.place)
    notes: list[str] = []
    if _is_folder(where.place) and holds_texts(folder):
        parts = read_folder(folder)
    else:
        rows, notes = read_rows(where, ("text",))
        parts = {split: [text for (text,) in held] for split, held in rows.items()}
    if set(parts) == set(SPLITS):
        cut = joined_documents(parts, where.said, context_length)
    else:
        (documents,) = parts.values()
        cut = split_documents(documents, where.said, context_length)
    return replace(cut, notes=(*notes, *cut.notes))


def _is_folder(place: str) -> bool:
    # an empty name is the current folder, and nobody means that
    return bool(place.strip("./")) and exists(place) and Path(place).is_dir()


def _no_such(data: str, names: tuple[str, ...]) -> str:
    close = did_you_mean(data, names)
    hint = f"; did you mean {close}?" if close else ""
    own = "the path of a UTF-8 text file, of a .jsonl file of documents, of a folder of texts, or hf:OWNER/NAME"
    allowed = f"{', '.join(names)}, or {own}"
    return f"data: no such text (got {data!r}; allowed: {allowed}{hint})"
