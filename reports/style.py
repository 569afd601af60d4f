"""How an arm looks, the same in every figure: colour, marker and dash by its place in the table, baseline first.

The colours are those of Okabe and Ito (2008, https://jfly.uni-koeln.de/color/), which stay apart for colour-blind
readers; markers and dashes repeat the distinction without colour.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib

INK, MUTED, GRID, BAND, PAPER = "#1b1f24", "#5b6470", "#e1e5ea", "#eceff3", "#ffffff"
COLOURS = (INK, "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
MARKERS = ("o", "s", "^", "D", "v", "P", "<", ">")
DASHES: tuple[tuple[float, ...], ...] = ((), (5, 2), (1.5, 1.5), (6, 2, 1.5, 2), (9, 3), (3, 1.5, 1, 1.5, 1, 1.5))

BACKED = {"facecolor": PAPER, "edgecolor": "none", "pad": 1.2}  # behind text that lines may cross

# hex code in a drawn figure -> custom property of the page, so that a figure follows the page into dark mode
PROPERTIES = {INK: "--ink", MUTED: "--muted", GRID: "--grid", BAND: "--band", PAPER: "--paper"} | {
    colour: f"--arm-{n}" for n, colour in enumerate(COLOURS) if colour != INK
}

RC: Any = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9.5,
    "axes.titlesize": 9.5,
    "axes.labelsize": 9.5,
    "axes.labelcolor": MUTED,
    "axes.edgecolor": MUTED,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "text.color": INK,
    "text.parse_math": False,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "xtick.major.size": 3,
    "ytick.major.size": 0,
    "lines.linewidth": 1.7,
    "lines.markersize": 5,
    "figure.facecolor": PAPER,
    "axes.facecolor": PAPER,
    "savefig.facecolor": PAPER,
    "svg.fonttype": "none",
    "svg.hashsalt": "bestiary",
    "path.simplify": False,
}


@contextmanager
def house_style() -> Iterator[None]:
    """Draws by RC alone, whatever the settings of the user; a letter the font lacks is no reason for a warning."""
    with matplotlib.rc_context(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"Glyph .* missing from font")
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(RC)
        yield


@dataclass(frozen=True)
class ArmStyle:
    """`dash` counts points on and off, empty is a solid line; `gid` names the arm inside an SVG."""

    colour: str
    marker: str
    dash: tuple[float, ...]
    gid: str

    @property
    def property(self) -> str:
        """The custom property of the page that holds the colour."""
        return PROPERTIES[self.colour]

    def line(self) -> dict[str, Any]:
        """Keywords for `Axes.plot`."""
        return self.mark() | {"marker": self.marker, "linestyle": (0, self.dash) if self.dash else "-"}

    def band(self) -> dict[str, Any]:
        """Keywords for `Axes.fill_between`."""
        return self.mark() | {"alpha": 0.18, "linewidth": 0}

    def mark(self) -> dict[str, Any]:
        return {"color": self.colour, "gid": self.gid}


def arm_style(index: int) -> ArmStyle:
    """The look of the arm at this place of its table; place 0 is the baseline."""
    colour = COLOURS[index % len(COLOURS)]
    return ArmStyle(colour, MARKERS[index % len(MARKERS)], DASHES[index % len(DASHES)], f"arm-{index}")
