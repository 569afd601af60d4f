"""Reading an embedded split, refusing bytes that are not the ones its card promises."""

import lzma
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable

from harness.datasets.cards import Card


def read_split(card: Card, split: str, root: Traversable | None = None) -> bytes:
    """The unpacked content of one split; `root` is the folder that holds the set's files.

    Raises:
        ValueError: the file is missing, or its digest is not the card's.
    """
    facts = card.files[split]
    path = (root or files("harness.data") / card.name) / facts.file
    if not path.is_file():
        raise ValueError(f"data file {path} is missing: install bestiary again, or run `{card.build}`")
    packed = path.read_bytes()
    _check(str(path), sha256(packed).hexdigest(), facts.sha256, card)
    content = lzma.decompress(packed)
    _check(f"{path} unpacked", sha256(content).hexdigest(), facts.content_sha256, card)
    return content


def _check(what: str, found: str, expected: str, card: Card) -> None:
    if found != expected:
        raise ValueError(
            f"data file {what}: sha256 expected {expected}, found {found}; the file was changed or cut short: "
            f"install bestiary again, or run `{card.build}`"
        )
