"""Learning-rate sensitivity: final validation loss of the tuning runs at every rate tried, failed ones marked."""

from collections.abc import Iterator

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator
from pandas import DataFrame

from reports.frames import arms, last, records
from reports.numbers import number, rate
from reports.plots.canvas import End, canvas, height, label_ends, line_share
from reports.plots.registry import Plot
from reports.records import FAILED, Record, Run, Table
from reports.style import MUTED, arm_style

COLUMNS = ("arm", "arm_index", "learning_rate", "loss", "state", "best", "untuned", "metric", "runs")


def learning_rates_data(table: Table) -> DataFrame:
    """Per arm and rate the mean final `loss` over tuning seeds; none where one is not done, whose `state` it has."""
    rows = []
    for index, name in enumerate(table.arms):
        arm = table.arm(name)
        for value, runs in by_rate(table.select("tuning", name)):
            best = value == arm.get("best_rate")
            shared = {"arm": name, "arm_index": index, "learning_rate": value, "best": best}
            rows.append(shared | rate_row(runs) | {"untuned": best and bool(arm.get("untuned"))})
    return DataFrame(rows, columns=list(COLUMNS)).astype({"loss": float}).assign(metric=table.metric)


def by_rate(runs: list[Run]) -> Iterator[tuple[float, list[Run]]]:
    for value in sorted({run.learning_rate for run in runs if run.learning_rate is not None}):
        yield value, [run for run in runs if run.learning_rate == value]


def rate_row(runs: list[Run]) -> Record:
    states = [run.state for run in runs if run.state != "done"]
    failed = [state for state in states if state in FAILED]
    losses = [run.loss for run in runs if run.loss is not None]
    loss = sum(losses) / len(losses) if losses and not states else None
    return {"loss": loss, "state": [*failed, *states, "done"][0], "runs": " ".join(run.id for run in runs)}


def draw(data: DataFrame) -> Figure:
    failed = data[data.state.isin(FAILED)]
    with canvas(height(data.arm.nunique() + failed.arm.nunique())) as (figure, (axes,)):
        axes.set_xscale("log")
        finite = data.dropna(subset="loss")
        for index, _, curve in arms(finite):
            axes.plot(curve.learning_rate, curve.loss, **arm_style(index).line())
        draw_best(axes, records(finite[finite.best.astype(bool)]))
        rates = sorted(data.learning_rate.unique())
        axes.set_xticks(rates, [rate(value) for value in rates])
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xlim(rates[0] / 1.3, rates[-1] * 1.3)
        axes.margins(y=0.12)
        above = draw_failed(axes, failed)
        axes.set_xlabel("learning rate")
        axes.set_title(f"final validation loss, {data.metric.iloc[0]}", loc="left", color=MUTED)
        label_ends(axes, [*ends(finite), *above])
    return figure


def draw_best(axes: Axes, best: list[Record]) -> None:
    ring: Record = {"color": MUTED, "markerfacecolor": "none", "markersize": 12, "markeredgewidth": 1.1}
    for row in best:
        axes.plot(row["learning_rate"], row["loss"], "o", **ring)


def draw_failed(axes: Axes, failed: DataFrame) -> list[End]:
    """Rows of crosses above the curves, one an arm, since a failed run has no place on the scale; and their ends."""
    if failed.empty:
        return []
    low, high = axes.get_ylim()
    lines, share = failed.arm.nunique() + 0.5, line_share(axes)
    step = (high - low) * share / (1 - lines * share)  # a line of text, also in the taller range
    axes.set_ylim(low, high + step * lines)
    axes.axhline(high, color=MUTED, linewidth=0.6, linestyle=(0, (2, 3)))
    found = []
    for line, (index, name, rows) in enumerate(arms(failed)):
        place, style = high + step * (line + 0.7), arm_style(index)
        axes.plot(rows.learning_rate, [place] * len(rows), "x", **style.mark(), markersize=7, markeredgewidth=2)
        found.append(End(max(rows.learning_rate), place, name, style.colour, f", {', '.join(rows.state.unique())}"))
    return found


def ends(finite: DataFrame) -> Iterator[End]:
    for index, name, curve in arms(finite):
        end = last(curve)
        mark = ", untuned" if any(curve.untuned) else ""
        yield End(end["learning_rate"], end["loss"], name, arm_style(index).colour, mark)


def describe(data: DataFrame) -> str:
    said = [
        f"{row['arm']} is best at {rate(row['learning_rate'])} ({number(row['loss'])})"
        + (", untuned" if row["untuned"] else "")
        for row in records(data[data.best.astype(bool)])
    ]
    failed = [
        f"{row['arm']} {row['state']} at {rate(row['learning_rate'])}" for row in records(data[data.state.isin(FAILED)])
    ]
    return "; ".join(said + failed) or f"{len(data)} rates planned, none chosen yet"


PLOT = Plot(
    name="learning-rates",
    title="Learning-rate sensitivity",
    order=3,
    caption="Every arm was tried at the same rates, on tuning seeds of their own. Ring: the rate chosen. "
    "A cross above the dotted line: a run that failed there. "
    "Untuned: the best rate lies at the edge of what was tried, so the arm carries no claim.",
    absent="No rate has been tried to its end yet.",
    data=learning_rates_data,
    draw=draw,
    describe=describe,
)
