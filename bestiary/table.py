"""Plain tables for a terminal or a pipe: aligned columns, colour only where it is wanted."""

import os
import shutil
import sys
import textwrap
from collections.abc import Sequence
from itertools import zip_longest


def bold(text: str) -> str:
    """The text in bold on a terminal, as it is elsewhere or when `NO_COLOR` is set."""
    return f"\033[1m{text}\033[0m" if _styled() else text


def table(head: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[str] = ()) -> list[str]:
    """Lines of a table; columns named in `right` are aligned to the right, and the last one is cut on a terminal."""
    cells = [list(head), *(list(row) for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
    lines = []
    for row in cells:
        padded = [
            cell.rjust(width) if name in right else cell.ljust(width)
            for name, cell, width in zip(head, row, widths, strict=True)
        ]
        lines.append(cut("  ".join(padded).rstrip()))
    return [bold(lines[0]), *lines[1:]]


def side_by_side(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A table of labels with two values each; on a terminal, values too long for it go on in the next line."""
    label = max(len(row[0]) for row in [head, *rows])
    longest = [max(len(row[i]) for row in [head, *rows]) for i in (1, 2)]
    room = (width() or sum(longest) + label + 6) - label - 4
    first = min(longest[0], max(room - longest[1], room // 2))
    widths = (max(first, 1), max(room - first, 1))
    lines = []
    for row in [head, *rows]:
        parts = [textwrap.wrap(text, size) or [""] for text, size in zip(row[1:], widths, strict=True)]
        for i, (a, b) in enumerate(zip_longest(*parts, fillvalue="")):
            lines.append(f"{row[0] if i == 0 else '':<{label}}  {a:<{widths[0]}}  {b}".rstrip())
    return [bold(lines[0]), *lines[1:]]


def paragraph(text: str, first: str = "", rest: str = "") -> list[str]:
    """A text after a first margin; on a terminal, what is too long for it goes on under the second."""
    room = width()
    if not room or len(first + text) <= room:
        return [first + text]
    # a link stays one that can be copied
    wrapper = textwrap.TextWrapper(room, first, rest, break_long_words=False, break_on_hyphens=False)
    return wrapper.wrap(text)


def width() -> int:
    """The letters in a line, by COLUMNS or the terminal; 0 where neither says so, which is as wide as one likes."""
    return shutil.get_terminal_size((0, 0)).columns


def cut(line: str) -> str:
    """The line as far as the terminal is wide."""
    room = width()
    return line[: room - 1] + "…" if room and len(line) > room else line


def short_count(number: float | None) -> str:
    """A large number as people say it: 124M, 6.9B; a dash when it is not known."""
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
        plain = text.translate(str.maketrans("┌└├│─⊕∥▶→…✓·", "+++|-+|>>.y-"))
        return plain.encode(encoding, "replace").decode(encoding)
    return text


def _styled() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
