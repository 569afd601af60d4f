"""A user's own text, cut into splits that share no long paragraph: a UTF-8 file, or documents."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from harness.datasets.cards import SPLITS
from harness.datasets.near_copies import near_copies, passages

SHARES = {"val": 0.05, "test": 0.05}
DOCUMENTS = 100
REPEAT_BYTES = 40


@dataclass(frozen=True)
class SplitText:
    """The bytes of train, val and test, and what a person should know of how they came about."""

    parts: dict[str, bytes]
    notes: tuple[str, ...]


def split_file(path: Path, context_length: int) -> SplitText:
    """The splits of a file.

    Paragraphs (blocks between empty lines) of `REPEAT_BYTES` or more that occur a second time are dropped, so that
    no such paragraph stands in two splits. Neighbouring paragraphs are grouped into about `DOCUMENTS` documents;
    documents go to val and test (5 % of the bytes each) in the order of their digests, the rest to train, and each
    split keeps the order of the file.

    Raises:
        ValueError: the file is missing, not text, empty, or too small for a window of `context_length`.
    """
    text = read_text(path)
    parts = blocks(text)
    kept = drop_repeats(parts)
    splits = assign(group(kept, len(text) // DOCUMENTS))
    return _checked(splits, _dropped(parts, kept, "paragraphs"), str(path), context_length)


def split_documents(documents: Sequence[str], where: str, context_length: int) -> SplitText:
    """The splits of documents, each of which stays whole; what repeats is dropped, as in a file.

    Raises:
        ValueError: there is too little text for a window of `context_length`.
    """
    parts = [_as_document(text) for text in documents]
    kept = drop_repeats(parts)
    return _checked(assign(kept), _dropped(parts, kept, "documents"), where, context_length)


def joined_documents(given: dict[str, list[str]], where: str, context_length: int) -> SplitText:
    """Splits that the data has itself; documents of a later split are dropped from the earlier ones.

    Raises:
        ValueError: there is too little text for a window of `context_length`.
    """
    seen: set[bytes] = set()
    kept: dict[str, bytes] = {}
    notes: list[str] = []
    for split in reversed(SPLITS):
        parts = [_as_document(text) for text in given[split] if text.strip()]
        fresh = [part for part in drop_repeats(parts) if _key(part) not in seen]
        notes += [f"{split}: {note}" for note in _dropped(parts, fresh, "documents")]
        seen |= {key for part in fresh if len(key := _key(part)) >= REPEAT_BYTES}
        kept[split] = b"".join(fresh)
    return _checked({split: kept[split] for split in SPLITS}, tuple(notes), where, context_length)


def read_text(path: Path) -> bytes:
    """The file's bytes, proven to be text; line ends become one newline.

    Raises:
        ValueError: missing, empty, or binary.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ValueError(f"data: {path} cannot be read: {error.strerror}") from error
    if b"\0" in raw:
        raise ValueError(f"data: {path} is binary: NUL byte at offset {raw.index(0)}; a UTF-8 text file is needed")
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"data: {path} is not UTF-8 text: byte {raw[error.start]:#04x} at offset {error.start}; convert it first"
        ) from error
    text = raw.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if not text.strip():
        raise ValueError(f"data: {path} is empty; a UTF-8 text file is needed")
    return text


def blocks(text: bytes) -> list[bytes]:
    """Paragraphs with their closing empty line; what is above a hundredth of all is cut into lines, then pieces."""
    largest = max(1, len(text) // DOCUMENTS)
    found: list[bytes] = []
    for paragraph in text.split(b"\n\n"):
        if not paragraph.strip():
            continue
        whole = paragraph.strip(b"\n") + b"\n\n"
        for part in [whole] if len(whole) <= largest else whole.splitlines(keepends=True):
            found.extend(pieces(part, largest))
    return found


def pieces(part: bytes, largest: int) -> list[bytes]:
    """The part cut into pieces of about `largest` bytes, none of them inside a character."""
    starts = []
    for start in range(0, len(part), largest):
        while start < len(part) and part[start] & 0xC0 == 0x80:
            start += 1
        starts.append(start)
    return [part[a:b] for a, b in zip(starts, [*starts[1:], len(part)], strict=True) if a < b]


def drop_repeats(parts: Sequence[bytes]) -> list[bytes]:
    """Without the second and later copies of a long paragraph; white space and case do not make it new."""
    seen: set[bytes] = set()
    kept = []
    for part in parts:
        key = _key(part)
        if len(key) < REPEAT_BYTES or key not in seen:
            kept.append(part)
        seen.add(key)
    return kept


def group(parts: Sequence[bytes], size: int) -> list[bytes]:
    """Neighbouring parts joined until each document has at least `size` bytes."""
    documents: list[bytes] = []
    current = b""
    for part in parts:
        current += part
        if len(current) >= size:
            documents.append(current)
            current = b""
    return [*documents, current] if current else documents


def assign(documents: Sequence[bytes]) -> dict[str, bytes]:
    """Documents to splits by the order of their digests; inside a split the given order is kept."""
    total = sum(map(len, documents))
    order = sorted(range(len(documents)), key=lambda i: sha256(documents[i]).digest())
    home = dict.fromkeys(range(len(documents)), "train")
    waiting = iter(order)
    for split, share in SHARES.items():
        size = 0
        while size < share * total and (place := next(waiting, None)) is not None:
            home[place] = split
            size += len(documents[place])
    return {split: b"".join(d for i, d in enumerate(documents) if home[i] == split) for split in SPLITS}


def _as_document(text: str) -> bytes:
    return text.strip("\n").encode() + b"\n\n"


def _key(part: bytes) -> bytes:
    return b" ".join(part.lower().split())


def _dropped(parts: Sequence[bytes], kept: Sequence[bytes], what: str) -> tuple[str, ...]:
    count, size, total = len(parts) - len(kept), sum(map(len, parts)) - sum(map(len, kept)), sum(map(len, parts))
    return (f"{count} repeated {what} dropped: {size} of {total} bytes ({size / total:.1%})",) if count else ()


def _checked(splits: dict[str, bytes], notes: tuple[str, ...], where: str, context_length: int) -> SplitText:
    need = context_length + 1
    for name, content in splits.items():
        if len(content) < need:
            why = f" ({'; '.join(notes)})" if notes else ""
            raise ValueError(
                f"data: {where} is too small{why}: its {name} split has {len(content)} bytes and context_length "
                f"{context_length} needs at least {need}; give a longer text (about {need * 20 * 2} bytes) "
                "or a smaller context_length"
            )
    sizes = ", ".join(f"{len(splits[split])} {split}" for split in SPLITS)
    held_out = [text for split in SHARES for text in passages(splits[split].decode())]
    told = near_copies(splits["train"].decode().split("\n\n"), held_out, "passages")
    return SplitText(splits, (*notes, f"bytes: {sizes}", told))
