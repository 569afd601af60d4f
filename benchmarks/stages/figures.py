"""Figures of the benchmark: bars of one number per case, and ratios with their intervals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure

INCHES_PER_ROW, MARGIN_INCHES, WIDTH_INCHES = 0.24, 1.2, 9.0
HATCHES = ("", "//", "..", "xx")  # told apart without colour
BLUE = "#0072b2"


def bars(series: Mapping[str, Mapping[str, float]], title: str) -> Figure:
    """Horizontal bars, the labels' union as rows and one bar in each for every series."""
    labels = list(dict.fromkeys(label for values in series.values() for label in values))
    figure = _figure(len(labels))
    axes = figure.subplots()
    height = 0.8 / max(len(series), 1)
    for number, (name, values) in enumerate(series.items()):
        places = [labels.index(label) + (number - (len(series) - 1) / 2) * height for label in values]
        shade = 1.0 - 0.5 * number / max(len(series), 1)
        hatch = HATCHES[number % len(HATCHES)]
        axes.barh(places, list(values.values()), height, color=BLUE, alpha=shade, hatch=hatch, label=name)
    _rows(axes, labels)
    axes.set_xlabel(title)
    if len(series) > 1:
        axes.legend()
    return figure


def ratio_dots(records: Mapping[str, Mapping[str, Any]], title: str) -> Figure:
    """One dot for each comparison, with its interval, beside a line at equal speed."""
    rows = [(name, row) for name, record in records.items() for row in record["times_as_fast"]]
    figure = _figure(len(rows))
    axes = figure.subplots()
    for place, (_, row) in enumerate(rows):
        low, high = (row["median"] if row[end] is None else row[end] for end in ("low", "high"))
        axes.plot([low, high], [place, place], color=BLUE, linewidth=2)
        axes.plot(row["median"], place, "o", color=BLUE)
    axes.axvline(1.0, color="black", linewidth=1, linestyle="--")
    _rows(axes, [f"{name}: {row['arm']} against {row['as']}" for name, row in rows])
    axes.set_xlabel(title)
    return figure


def _figure(rows: int) -> Figure:
    return Figure(figsize=(WIDTH_INCHES, MARGIN_INCHES + INCHES_PER_ROW * rows), layout="constrained")


def _rows(axes: Any, labels: list[str]) -> None:
    axes.set_yticks(range(len(labels)), labels, fontsize=8)
    axes.invert_yaxis()
    axes.grid(axis="x", alpha=0.3)
