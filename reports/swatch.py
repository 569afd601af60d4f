"""Small pictures inside tables: an arm's line and marker as in the figures, and its interval on the table's scale."""

from markupsafe import Markup

from reports.records import Record
from reports.style import arm_style

SHAPES = {
    "o": "M0-4A4 4 0 1 1-.01-4Z",
    "s": "M-3.6-3.6H3.6V3.6H-3.6Z",
    "^": "M0-4.4 4.2 3.4H-4.2Z",
    "D": "M0-4.8 4.8 0 0 4.8-4.8 0Z",
    "v": "M0 4.4 4.2-3.4H-4.2Z",
    "P": "M-1.6-4.4H1.6V-1.6H4.4V1.6H1.6V4.4H-1.6V1.6H-4.4V-1.6H-1.6Z",
    "<": "M-4.4 0 3.4-4.2V4.2Z",
    ">": "M4.4 0-3.4-4.2V4.2Z",
}
WIDTH = 132


def swatch(index: int) -> Markup:
    """The arm's line and marker."""
    style = arm_style(index)
    dash = " ".join(f"{length * 1.4:g}" for length in style.dash)
    return Markup(
        '<svg class="swatch" style="--c:var({})" viewBox="-16 -7 32 14" aria-hidden="true">'
        '<path class="line" stroke-dasharray="{}" d="M-16 0H16"/><path class="dot" d="{}"/></svg>'
    ).format(style.property, dash, SHAPES[style.marker])


def interval_bar(row: Record, low: float, high: float) -> Markup:
    """The row's interval with its mean on a scale from `low` to `high`; empty where there is no mean."""
    if row.get("mean") is None or high <= low:
        return Markup("")
    style = arm_style(row["arm_index"])

    def place(value: float) -> str:
        return f"{8 + (WIDTH - 16) * (value - low) / (high - low):.1f}"

    ends = [row["mean"] if row[end] is None else row[end] for end in ("low", "high")]
    return Markup(
        '<svg class="span" style="--c:var({})" viewBox="0 -7 {} 14" aria-hidden="true">'
        '<path class="scale" d="M0 0H{}"/><path class="line" d="M{} 0H{}"/>'
        '<path class="dot" transform="translate({} 0)" d="{}"/></svg>'
    ).format(style.property, WIDTH, WIDTH, place(ends[0]), place(ends[1]), place(row["mean"]), SHAPES[style.marker])
