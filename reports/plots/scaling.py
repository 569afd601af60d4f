"""Loss against size with the fitted laws: every seed, and the curve of each arm."""

from collections.abc import Iterator

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator
from pandas import DataFrame

from reports.frames import arms, last, records
from reports.numbers import count, number
from reports.plots.canvas import End, canvas, height, label_ends
from reports.plots.registry import Plot
from reports.records import Record, Table, Together
from reports.sheets.budget import view_name
from reports.style import MUTED, arm_style

COLUMNS = ("kind", "arm", "arm_index", "size", "loss", "seed", "metric", "view")
POINTS = 40


def scaling_data(together: Together) -> DataFrame:
    """A row a `seed` and size, and the points of each fitted `law`; the baseline's is that of its first rival."""
    rows = [
        row for table, size in zip(together.tables, together.record["sizes"], strict=True) for row in seeds(table, size)
    ]
    rows += law_rows(together)
    record = together.record
    return DataFrame(rows, columns=list(COLUMNS)).assign(metric=record["metric"], view=view_name(together.tables[0]))


def seeds(table: Table, size: int) -> Iterator[Record]:
    for index, name in enumerate(table.arms):
        for seed, loss in (table.arm(name).get("per_seed") or {}).items():
            if loss is not None:
                yield {"kind": "seed", "arm": name, "arm_index": index, "size": size, "seed": int(seed), "loss": loss}


def law_rows(together: Together) -> Iterator[Record]:
    sizes = together.record["sizes"]
    grid = np.geomspace(sizes[0], sizes[-1], POINTS)
    fitted = [arm for arm in together.record["arms"] if arm["multipliers"] is not None]
    for place, arm in enumerate(fitted):
        for side, name in enumerate((arm["name"], together.baseline)):
            if side == 0 or place == 0:
                curve = arm["floor"] + arm["scales"][side] * grid ** -arm["exponents"][side]
                shared = {"kind": "law", "arm": name, "arm_index": together.arms.index(name)}
                yield from (shared | {"size": float(x), "loss": float(y)} for x, y in zip(grid, curve, strict=True))


def draw(data: DataFrame) -> Figure:
    points, laws = data[data.kind == "seed"], data[data.kind == "law"]
    with canvas(height(data.arm.nunique())) as (figure, (axes,)):
        axes.set_xscale("log")
        for index, _, rows in arms(points):
            axes.plot(rows["size"], rows.loss, arm_style(index).marker, alpha=0.5, **arm_style(index).mark())
        for index, _, rows in arms(laws):
            axes.plot(rows["size"], rows.loss, **(arm_style(index).line() | {"marker": ""}))
        sizes = sorted(points["size"].unique())
        axes.set_xticks(sizes, [count(size) for size in sizes], rotation=20)
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xlabel(str(data["view"].iloc[0]))
        axes.set_title(f"loss, {data.metric.iloc[0]}", loc="left", color=MUTED)
        found = [(index, name, last(rows)) for index, name, rows in arms(laws if len(laws) else points)]
        label_ends(axes, [End(end["size"], end["loss"], name, arm_style(i).colour) for i, name, end in found])
    return figure


def describe(data: DataFrame) -> str:
    largest = data[(data.kind == "seed") & (data["size"] == data["size"].max())]
    means = records(largest.groupby("arm", sort=True, as_index=False).loss.mean())
    return "; ".join(f"{row['arm']} ends at {number(row['loss'])} at the largest size" for row in means)


PLOT = Plot(
    name="scaling",
    title="Loss over size",
    order=1,
    caption="Marks: single seeds. Lines: loss = E + A·size^(−a), one E for an arm and its baseline. "
    "The horizontal distance between two lines is the multiplier.",
    absent="No run to show yet.",
    data=scaling_data,
    draw=draw,
    describe=describe,
    of="ladders",
)
