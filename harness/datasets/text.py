"""Running text as bytes: an embedded set by name, or a user's own UTF-8 file."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import numpy.typing as npt

from catalog.errors import did_you_mean
from harness.datasets.cards import Card, available, card_digest, load_card
from harness.datasets.text_file import split_file
from harness.datasets.vendored import read_split

Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Text:
    """A text in three splits, each read on first use only, so that tuning never opens the test split."""

    name: str
    digest: str
    read: Callable[[str], bytes]

    def bytes_of(self, split: str) -> Bytes:
        """The bytes of one split."""
        return np.frombuffer(self.read(split), dtype=np.uint8)


def load_text(data: str, context_length: int) -> Text:
    """The text named `data`: an embedded set, else a path.

    Raises:
        ValueError: neither a set nor a file, or a file that cannot serve (see `split_file`).
    """
    names = text_names()
    if data in names:
        return embedded(load_card(data))
    path = Path(data)
    if not _is_file(path):
        raise ValueError(_no_such(data, names))
    return own(path, split_file(path, context_length))


def text_names() -> tuple[str, ...]:
    """Names of the embedded sets that are running text."""
    return tuple(name for name in available() if load_card(name).kind == "text")


def embedded(card: Card) -> Text:
    """An embedded text; the digest is taken from the card, which the bytes are checked against when read."""
    return Text(card.name, card_digest(card), lambda split: read_split(card, split))


def own(path: Path, splits: Mapping[str, bytes]) -> Text:
    """A user's text, already cut into splits."""
    parts = "".join(sha256(splits[split]).hexdigest() for split in sorted(splits))
    return Text(path.name, sha256(parts.encode()).hexdigest(), splits.__getitem__)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        # a name longer than the system allows, or a folder that may not be entered
        return False


def _no_such(data: str, names: tuple[str, ...]) -> str:
    close = did_you_mean(data, names)
    hint = f"; did you mean {close}?" if close else ""
    return f"data: no such text (got {data!r}; allowed: {', '.join(names)}, or the path of a UTF-8 text file{hint})"
