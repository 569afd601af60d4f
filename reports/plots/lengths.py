"""Loss and errors by length and by position of the reporting runs, one panel per grouping and measure."""

from collections.abc import Iterator

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from pandas import DataFrame

from reports.frames import arms, last, records
from reports.numbers import number
from reports.plots.canvas import End, canvas, height, label_ends
from reports.plots.registry import Plot
from reports.records import Record, Run, Table
from reports.style import MUTED, arm_style

COLUMNS = (
    "by",
    "measure",
    "bucket",
    "place",
    "arm",
    "arm_index",
    "value",
    "low",
    "high",
    "n",
    "count",
    "metric",
    "runs",
)
DRAWN = ("loss", "error_rate")
MANY = 8  # buckets that an axis names one by one


def lengths_data(table: Table) -> DataFrame:
    """Per grouping, measure, bucket and arm the mean over reporting runs that are done, `low` and `high` over them.

    `place` orders the buckets as the task gave them; `count` is the scored tokens of one run.
    """
    rows: list[Record] = []
    for index, name in enumerate(table.arms):
        runs = [run for run in table.select("reporting", name) if run.state == "done"]
        rows += [{"arm": name, "arm_index": index} | row for row in bucket_rows(runs)]
    return DataFrame(rows, columns=list(COLUMNS)).assign(metric=table.metric)


def bucket_rows(runs: list[Run]) -> Iterator[Record]:
    found: dict[tuple[str, str, int, str], list[float]] = {}
    counts: dict[tuple[str, str], int] = {}
    for run in runs:
        for by, measure, place, bucket, value in measured(run):
            found.setdefault((by, measure, place, str(bucket["bucket"])), []).append(value)
            counts[by, str(bucket["bucket"])] = bucket["count"]
    ids = " ".join(run.id for run in runs)
    for (by, measure, place, name), values in found.items():
        band = {"value": sum(values) / len(values), "low": min(values), "high": max(values), "n": len(values)}
        where = {"by": by, "measure": measure, "bucket": name, "place": place, "count": counts[by, name]}
        yield where | band | {"runs": ids}


def measured(run: Run) -> Iterator[tuple[str, str, int, Record, float]]:
    """(grouping, measure, place, bucket, value) of all that the run broke down."""
    for by, buckets in (run.result.get("by") or {}).items():
        for place, bucket in enumerate(buckets):
            for measure, value in bucket.items():
                if measure not in ("bucket", "count") and value is not None:
                    yield by, measure, place, bucket, float(value)


def draw(data: DataFrame) -> Figure:
    shown = data[data.measure.isin(DRAWN)]
    panels = groupings(shown)
    with canvas(height(shown.arm.nunique(), 2.5) * len(panels) + 0.4, rows=len(panels)) as (figure, places):
        for axes, (by, measure) in zip(places, panels, strict=True):
            draw_panel(axes, shown[(shown.by == by) & (shown.measure == measure)], by, measure)
    return figure


def groupings(data: DataFrame) -> list[tuple[str, str]]:
    """(grouping, measure) of the panels, the length of the source first."""
    found = set(zip(data.by, data.measure, strict=True))
    return sorted(found, key=lambda panel: (panel[0] != "source_length", panel[0], DRAWN.index(panel[1])))


def draw_panel(axes: Axes, data: DataFrame, by: str, measure: str) -> None:
    for index, _, curve in arms(data):
        style = arm_style(index)
        axes.fill_between(curve.place, curve.low, curve.high, **style.band())
        axes.plot(curve.place, curve.value, **style.line(), markevery=max(1, len(curve) // MANY))
    buckets = dict(sorted(zip(data.place, data.bucket, strict=True)))
    places = list(buckets)[:: max(1, -(-len(buckets) // MANY))]
    axes.set_xticks(places, [buckets[place] for place in places])
    axes.set_xlabel(by.replace("_", " "))
    unit = f", {data.metric.iloc[0]}" if measure == "loss" else ""
    axes.set_title(measure.replace("_", " ") + unit, loc="left", color=MUTED)
    label_ends(axes, list(ends(data)))


def ends(data: DataFrame) -> Iterator[End]:
    for index, name, curve in arms(data):
        end = last(curve)
        yield End(end["place"], end["value"], name, arm_style(index).colour)


def describe(data: DataFrame) -> str:
    said = []
    for by, measure in groupings(data[data.measure.isin(DRAWN)]):
        for _, name, curve in arms(data[(data.by == by) & (data.measure == measure)]):
            first, end = records(curve)[0], last(curve)
            what = f"{measure} by {by}".replace("_", " ")
            ends = f"{number(first['value'])} at {first['bucket']}, {number(end['value'])} at {end['bucket']}"
            said.append(f"{name}, {what}: {ends}")
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
