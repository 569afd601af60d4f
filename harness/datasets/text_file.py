"""A user's own UTF-8 text file, cut into splits that share no long paragraph."""

from hashlib import sha256
from pathlib import Path

from harness.datasets.cards import SPLITS

SHARES = {"val": 0.05, "test": 0.05}
DOCUMENTS = 100
REPEAT_BYTES = 40


def split_file(path: Path, context_length: int) -> dict[str, bytes]:
    """The bytes of train, val and test.

    Paragraphs (blocks between empty lines) of `REPEAT_BYTES` or more that occur a second time are dropped, so that
    no such paragraph stands in two splits. Neighbouring paragraphs are grouped into about `DOCUMENTS` documents;
    documents go to val and test (5 % of the bytes each) in the order of their digests, the rest to train, and each
    split keeps the order of the file.

    Raises:
        ValueError: the file is missing, not text, empty, or too small for a window of `context_length`.
    """
    text = read_text(path)
    documents = group(drop_repeats(blocks(text)), len(text) // DOCUMENTS)
    splits = assign(documents)
    need = context_length + 1
    for name, content in splits.items():
        if len(content) < need:
            raise ValueError(
                f"data: {path} is too small: its {name} split has {len(content)} bytes and context_length "
                f"{context_length} needs at least {need}; give a longer text (about {need * 20 * 2} bytes) "
                "or a smaller context_length"
            )
    return splits


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
    """Paragraphs with their closing empty line; what is above a hundredth of the text is cut into lines, then bytes."""
    largest = max(1, len(text) // DOCUMENTS)
    found: list[bytes] = []
    for paragraph in text.split(b"\n\n"):
        if not paragraph.strip():
            continue
        whole = paragraph.strip(b"\n") + b"\n\n"
        for part in [whole] if len(whole) <= largest else whole.splitlines(keepends=True):
            found.extend(part[first : first + largest] for first in range(0, len(part), largest))
    return found


def drop_repeats(parts: list[bytes]) -> list[bytes]:
    """Without the second and later copies of a long paragraph; white space and case do not make it new."""
    seen: set[bytes] = set()
    kept = []
    for part in parts:
        key = b" ".join(part.lower().split())
        if len(key) < REPEAT_BYTES or key not in seen:
            kept.append(part)
        seen.add(key)
    return kept


def group(parts: list[bytes], size: int) -> list[bytes]:
    """Neighbouring parts joined until each document has at least `size` bytes."""
    documents: list[bytes] = []
    current = b""
    for part in parts:
        current += part
        if len(current) >= size:
            documents.append(current)
            current = b""
    return [*documents, current] if current else documents


def assign(documents: list[bytes]) -> dict[str, bytes]:
    """Documents to splits by the order of their digests; inside a split the file's order is kept."""
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
