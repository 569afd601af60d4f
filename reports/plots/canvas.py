"""What all figures share: an empty canvas of one width, labels at line ends that do not collide, and rate axes."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from reports.style import house_style

WIDTH = 4.2  # inches: a column of the page, so that text keeps its size on a telephone
LINE = 0.165  # inches: the height of a line of small text
LETTERS = 28  # of a label beside a panel, so that the panel keeps a good third of the width

AROUND = 0.8  # inches: what title, ticks and axis label of a panel take


@dataclass(frozen=True)
class End:
    """Where a line ends, what it is called and what is to be said of it."""

    x: float
    y: float
    name: str
    colour: str
    mark: str = ""


@contextmanager
def canvas(inches: float, rows: int = 1) -> Iterator[tuple[Figure, list[Axes]]]:
    """A figure of the house style with `rows` panels, one below the other; `inches` high."""
    with house_style():
        figure = Figure(figsize=(WIDTH, inches), layout="constrained")
        FigureCanvasAgg(figure)
        yield figure, list(figure.subplots(rows, 1, squeeze=False)[:, 0])


def height(arms: int, least: float = 3.3) -> float:
    """Inches that a panel needs for the names of its arms."""
    return max(least, LINE * arms + 1.0)


def line_share(axes: Axes) -> float:
    """The share of a panel's height that a line of small text takes."""
    figure = axes.figure.figure
    return float(LINE / (figure.get_size_inches()[1] / len(figure.axes) - AROUND))


def label_ends(axes: Axes, ends: Sequence[End]) -> None:
    """Writes names beside the ends of lines, pushed apart so that none covers another."""
    low, high = axes.get_ylim()
    gap = (high - low) * line_share(axes)
    ordered = sorted(ends, key=lambda end: (end.y, end.name))
    places = spread([min(max(end.y, low), high) for end in ordered], gap, high)
    for end, place in zip(ordered, places, strict=True):
        axes.annotate(
            short(end.name, LETTERS - len(end.mark)) + end.mark,
            (end.x, end.y),
            (1.05, place),
            textcoords=axes.get_yaxis_transform(),
            va="center",
            fontsize=9,
            annotation_clip=False,
            arrowprops={
                "arrowstyle": "-",
                "color": end.colour,
                "linewidth": 0.9,
                "linestyle": (0, (1, 1.5)),
                "relpos": (0, 0.5),
                "shrinkA": 0,
                "shrinkB": 4,
            },
        )


def spread(places: list[float], gap: float, high: float) -> list[float]:
    """Places near the given ascending ones that keep `gap` apart and end at `high` at most."""
    above: list[float] = []
    for place in places:
        above.append(max(place, above[-1] + gap) if above else place)
    below: list[float] = []
    for place in reversed(above):
        below.append(min(place, below[-1] - gap if below else high))
    return below[::-1]


def short(name: str, letters: int) -> str:
    """A name that fits, cut in its middle since both ends tell arms apart; the table and the CSV have it whole."""
    head = (letters - 1) // 2
    return name if len(name) <= letters else f"{name[:head]}…{name[head + 1 - letters :]}"
