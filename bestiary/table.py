"""Plain tables for a terminal or a pipe: aligned columns, colour only where it is wanted."""

import os
import shutil
import sys
from collections.abc import Sequence


def bold(text: str) -> str:
    """The text in bold on a terminal, as it is elsewhere or when `NO_COLOR` is set."""
    return f"\033[1m{text}\033[0m" if _styled() else text


def table(head: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[str] = ()) -> list[str]:
    """Lines of a table; columns named in `right` are aligned to the right, and the last one is cut on a terminal."""
    cells = [list(head), *(list(row) for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
    room = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
    lines = []
    for row in cells:
        padded = [
            cell.rjust(width) if name in right else cell.ljust(width)
            for name, cell, width in zip(head, row, widths, strict=True)
        ]
        lines.append(_cut("  ".join(padded).rstrip(), room))
    return [bold(lines[0]), *lines[1:]]


def short_count(number: int | None) -> str:
    """A number of parameters as people say it: 124M, 6.9B; a dash when it is not known."""
    if number is None:
        return "-"
    for unit, size in (("T", 10**12), ("B", 10**9), ("M", 10**6), ("k", 10**3)):
        if number >= size:
            return f"{number / size:.3g}{unit}" if number < 999.5 * size else f"{number / size:.0f}{unit}"
    return str(number)


def printable(text: str) -> str:
    """The text in the letters that stdout can show."""
    encoding = sys.stdout.encoding or "ascii"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        plain = text.translate(str.maketrans("┌└├│─⊕∥▶→…", "+++|-+|>>."))
        return plain.encode(encoding, "replace").decode(encoding)
    return text


def _cut(line: str, room: int) -> str:
    return line[: room - 1] + "…" if room and len(line) > room else line


def _styled() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
