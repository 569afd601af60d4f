"""Learning-rate sensitivity: final validation loss of the tuning runs at every rate tried, diverged ones marked."""

from collections.abc import Iterator

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator
from pandas import DataFrame

from reports.numbers import number, rate
from reports.plots.canvas import End, canvas, label_ends
from reports.plots.registry import Plot
from reports.records import FAILED, Record, Run, Table
from reports.style import BACKED, MUTED, arm_style

COLUMNS = ["arm", "arm_index", "learning_rate", "loss", "state", "best", "untuned", "metric", "runs"]


def learning_rates_data(table: Table) -> DataFrame:
    """Per arm and rate the mean final `loss` over tuning seeds, without a loss where one failed; `state` is the worst."""
    rows = []
    for index, name in enumerate(table.arms):
        arm = table.arm(name)
        for value, runs in by_rate(table.select("tuning", name)):
            best = value == arm.get("best_rate")
            shared = {"arm": name, "arm_index": index, "learning_rate": value, "best": best}
            rows.append(shared | rate_row(runs) | {"untuned": best and bool(arm.get("untuned"))})
    return DataFrame(rows, columns=COLUMNS).assign(metric=table.metric)


def by_rate(runs: list[Run]) -> Iterator[tuple[float, list[Run]]]:
    for value in sorted({run.learning_rate for run in runs if run.learning_rate is not None}):
        yield value, [run for run in runs if run.learning_rate == value]


def rate_row(runs: list[Run]) -> Record:
    failed = [run.state for run in runs if run.state in FAILED]
    losses = [run.loss for run in runs if run.state == "done" and run.loss is not None]
    whole = len(losses) == len(runs)
    waiting = next((run.state for run in runs if run.state != "done"), "done")
    loss = sum(losses) / len(losses) if whole else None
    return {"loss": loss, "state": (failed or [waiting])[0], "runs": " ".join(run.id for run in runs)}


def draw(data: DataFrame) -> Figure:
    with canvas(3.3) as (figure, (axes,)):
        axes.set_xscale("log")
        finite = data.dropna(subset="loss")
        for (index, _), curve in finite.groupby(["arm_index", "arm"]):
            axes.plot(curve.learning_rate, curve.loss, **arm_style(index).line())
        best = finite[finite.best]
        axes.plot(best.learning_rate, best.loss, "o", color=MUTED, markerfacecolor="none", markersize=12, markeredgewidth=1.1)
        for row in best[best.untuned].itertuples():
            axes.annotate(
                "untuned", (row.learning_rate, row.loss), (-9, -13), textcoords="offset points", ha="center", fontsize=8.5, bbox=BACKED
            )
        rates = sorted(data.learning_rate.unique())
        axes.set_xticks(rates, [rate(value) for value in rates])
        axes.xaxis.set_minor_locator(NullLocator())
        axes.margins(x=0.08, y=0.12)
        draw_failed(axes, data[data.state.isin(FAILED)])
        axes.set_xlabel("learning rate")
        axes.set_title(f"final validation loss, {data.metric.iloc[0]}", loc="left", color=MUTED)
        label_ends(axes, list(ends(finite)))
    return figure


def draw_failed(axes: Axes, failed: DataFrame) -> None:
    """A row of crosses above the curves, one line per arm, since a failed run has no place on the scale."""
    if failed.empty:
        return
    low, high = axes.get_ylim()
    arms = list(dict.fromkeys(failed.arm))
    step = 0.09 * (high - low)
    axes.set_ylim(low, high + step * (len(arms) + 0.5))
    axes.axhline(high, color=MUTED, linewidth=0.6, linestyle=(0, (2, 3)))
    for row in failed.itertuples():
        y = high + step * (arms.index(row.arm) + 0.7)
        axes.plot(row.learning_rate, y, "x", **arm_style(row.arm_index).mark(), markersize=7, markeredgewidth=2)
        axes.annotate(f"{row.arm} {row.state}", (row.learning_rate, y), (-8, 0), textcoords="offset points", ha="right", va="center", fontsize=8.5)


def ends(finite: DataFrame) -> Iterator[End]:
    for (index, name), curve in finite.groupby(["arm_index", "arm"]):
        yield End(curve.learning_rate.iloc[-1], curve.loss.iloc[-1], name, arm_style(index).colour)


def describe(data: DataFrame) -> str:
    said = [
        f"{row.arm} is best at {rate(row.learning_rate)} ({number(row.loss)}){', untuned' if row.untuned else ''}"
        for row in data[data.best].itertuples()
    ]
    failed = [f"{row.arm} {row.state} at {rate(row.learning_rate)}" for row in data[data.state.isin(FAILED)].itertuples()]
    return "; ".join(said + failed) or f"{len(data)} rates tried, none chosen yet"


PLOT = Plot(
    name="learning-rates",
    title="Learning-rate sensitivity",
    order=3,
    caption="Every arm was tried at the same rates, on tuning seeds of their own. Ring: the rate chosen. A cross above the dotted line: "
    "a run that failed there. Untuned: the best rate lies at the edge of what was tried, so the arm carries no claim.",
    absent="No rate has been tried to its end yet.",
    data=learning_rates_data,
    draw=draw,
    describe=describe,
)
