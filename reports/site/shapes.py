"""The shapes of a diagram as SVG: labelled boxes, norms, sums and wires; colours and letters are the page's."""

import textwrap
from collections.abc import Iterable, Sequence

from markupsafe import Markup

LINE, PAD = 14, 9  # height of a line of text, and the room around it
LETTER, LARGE = 5.7, 7.2  # width of a letter, in small and in bold
PILL, PILL_HEIGHT = 84, 18
SHIFT = 3  # from a box to the next one behind it


def box(kind: str, title: str, detail: str, place: tuple[float, float, float], copies: int = 1) -> tuple[Markup, float]:
    """A box at (x, y, width) with its title and what is said of it, and its height; copies stand behind it."""
    x, y, width = place
    lines = textwrap.wrap(detail, int((width - 2 * PAD) / LETTER))
    height = LINE * (1 + len(lines)) + PAD
    rects = [_rect(kind, x + i * (SHIFT + 1), y - i * SHIFT, width, height) for i in reversed(range(copies))]
    texts = [text(line, x + PAD, y + LINE * (2 + i) + 1) for i, line in enumerate(lines)]
    return join([*rects, text(title, x + PAD, y + LINE + 1, "title"), *texts]), height


def fits(title: str, width: float) -> bool:
    """Whether a title finds room in a box."""
    return len(title) * LARGE <= width - 2 * PAD


def pill(label: str, x: float, y: float) -> Markup:
    """A norm, from `x` on and centred on `y`."""
    rect = Markup('<rect class="norm" x="{:g}" y="{:g}" width="{}" height="{}"/>').format(
        x, y - PILL_HEIGHT / 2, PILL, PILL_HEIGHT
    )
    return rect + text(label, x + PILL / 2, y + 4, "middle")


def circle(x: float, y: float) -> Markup:
    return Markup('<circle class="sum" cx="{:g}" cy="{:g}" r="8"/>').format(x, y)


def path(kind: str, lines: Iterable[str]) -> Markup:
    """All lines of a kind as one path; nothing where there is none."""
    data = "".join(lines)
    return Markup('<path class="{}" d="{}"/>').format(kind, data) if data else Markup("")


def line(*points: tuple[float, float]) -> str:
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in points)


def cross(x: float, y: float) -> str:
    return f"M{x - 4:g} {y:g}h8M{x:g} {y - 4:g}v8"


def tip(before: tuple[float, float], end: tuple[float, float]) -> str:
    """An arrow's point at `end`, for a line that comes from `before` straight down, to the left or to the right."""
    (x, y), (from_x, from_y) = end, before
    if from_y != y:
        return f"M{x:g} {y:g}l-3.5-7h7z"
    return f"M{x:g} {y:g}l{7 if from_x > x else -7}-3.5v7z"


def frame(x: float, y: float, width: float, height: float) -> Markup:
    return Markup('<rect class="frame" x="{:g}" y="{:g}" width="{:g}" height="{:g}"/>').format(x, y, width, height)


def strip(layers: Sequence[int], x: float, y: float, width: float) -> Markup:
    """The order of a stack's layers, a cell each, by the number of its block."""
    step = min(16.0, width / len(layers))
    return join(cell(block, x + i * step, y, max(step - 2, 1)) for i, block in enumerate(layers))


def cell(block: int, x: float, y: float, width: float = 12) -> Markup:
    return Markup('<rect class="cell cell{}" x="{:.1f}" y="{:g}" width="{:.1f}" height="12"/>').format(
        block % 3, x, y, width
    )


def text(label: str, x: float, y: float, kind: str = "") -> Markup:
    named = Markup(' class="{}"').format(kind) if kind else ""
    return Markup('<text{} x="{:g}" y="{:g}">{}</text>').format(named, x, y, label)


def join(parts: Iterable[Markup]) -> Markup:
    return Markup("").join(parts)


def _rect(kind: str, x: float, y: float, width: float, height: float) -> Markup:
    return Markup('<rect class="{}" x="{:g}" y="{:g}" width="{:g}" height="{:g}"/>').format(kind, x, y, width, height)
