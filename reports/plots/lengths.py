"""Loss by length and by position of the reporting runs, one panel per grouping that the task measures."""

from collections.abc import Iterator

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from pandas import DataFrame

from reports.numbers import number
from reports.plots.canvas import End, canvas, label_ends
from reports.plots.registry import Plot
from reports.records import Record, Run, Table
from reports.style import MUTED, arm_style

COLUMNS = ["by", "bucket", "place", "arm", "arm_index", "value", "low", "high", "n", "count", "metric", "runs"]


def lengths_data(table: Table) -> DataFrame:
    """Per grouping, bucket and arm the mean loss over reporting runs that are done, `low` and `high` over them.

    `place` orders the buckets as the task gave them; `count` is the scored tokens of one run.
    """
    rows: list[Record] = []
    for index, name in enumerate(table.arms):
        runs = [run for run in table.select("reporting", name) if run.state == "done"]
        rows += [{"arm": name, "arm_index": index} | row for row in bucket_rows(runs)]
    return DataFrame(rows, columns=COLUMNS).assign(metric=table.metric)


def bucket_rows(runs: list[Run]) -> Iterator[Record]:
    found: dict[tuple[str, int, str], list[Record]] = {}
    for run in runs:
        for by, buckets in (run.result.get("by") or {}).items():
            for place, bucket in enumerate(buckets):
                found.setdefault((by, place, str(bucket["bucket"])), []).append(bucket)
    ids = " ".join(run.id for run in runs)
    for (by, place, bucket), parts in found.items():
        losses = [float(part["loss"]) for part in parts if part["loss"] is not None]
        if losses:
            yield {"by": by, "bucket": bucket, "place": place, "value": sum(losses) / len(losses), "low": min(losses),
                   "high": max(losses), "n": len(losses), "count": parts[0]["count"], "runs": ids}


def draw(data: DataFrame) -> Figure:
    groupings = list(dict.fromkeys(data.by))
    with canvas(2.7 * len(groupings) + 0.4, rows=len(groupings)) as (figure, panels):
        for axes, by in zip(panels, groupings, strict=True):
            draw_panel(axes, data[data.by == by], by)
    return figure


def draw_panel(axes: Axes, data: DataFrame, by: str) -> None:
    for (index, _), curve in data.groupby(["arm_index", "arm"]):
        style = arm_style(index)
        axes.fill_between(curve.place, curve.low, curve.high, **style.band())
        axes.plot(curve.place, curve.value, **style.line())
    buckets = dict(zip(data.place, data.bucket, strict=True))
    axes.set_xticks(list(buckets), list(buckets.values()))
    axes.set_xlabel(by.replace("_", " "))
    axes.set_title(f"loss, {data.metric.iloc[0]}", loc="left", color=MUTED)
    label_ends(axes, list(ends(data)))


def ends(data: DataFrame) -> Iterator[End]:
    for (index, name), curve in data.groupby(["arm_index", "arm"]):
        yield End(curve.place.iloc[-1], curve.value.iloc[-1], name, arm_style(index).colour)


def describe(data: DataFrame) -> str:
    said = []
    for (by, _, name), curve in data.groupby(["by", "arm_index", "arm"]):
        first, last = curve.iloc[0], curve.iloc[-1]
        measure = str(by).replace("_", " ")
        said.append(f"{name}: {number(first.value)} at {measure} {first.bucket}, {number(last.value)} at {last.bucket}")
    return "; ".join(said)


PLOT = Plot(
    name="lengths",
    title="Loss by length and position",
    order=4,
    caption="Line: mean over the finished reporting seeds; band: from the lowest to the highest. "
    "A bottleneck of fixed size shows as a line that climbs with the length of the source.",
    absent="This task does not break its loss down by length or position, or no reporting run is done.",
    data=lengths_data,
    draw=draw,
    describe=describe,
)
