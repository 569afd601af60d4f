"""Learning curves: held-out loss over steps, the mean of the finished seeds with a band from lowest to highest."""

from collections.abc import Iterator

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from pandas import DataFrame

from reports.numbers import number
from reports.plots.canvas import End, canvas, label_ends
from reports.plots.registry import Plot
from reports.records import Record, Run, Table
from reports.style import MUTED, ArmStyle, arm_style

COLUMNS = ["kind", "arm", "arm_index", "step", "value", "low", "high", "n", "seed", "state", "metric", "runs"]


def learning_curves_data(table: Table) -> DataFrame:
    """Per arm and step the `mean` over reporting runs that are done, `low` and `high` over them; `failed` runs one by one.

    Losses are on the validation split, also for the `trivial` rows.
    """
    rows: list[Record] = []
    for index, name in enumerate(table.arms):
        runs = table.select("reporting", name)
        shared = {"arm": name, "arm_index": index}
        rows += [shared | row for row in mean_rows([run for run in runs if run.state == "done"])]
        rows += [shared | row for run in runs if run.state not in ("done", "never") for row in single_rows(run)]
    if rows:
        rows += trivial_rows(table)
    return DataFrame(rows, columns=COLUMNS).assign(metric=table.metric)


def mean_rows(runs: list[Run]) -> Iterator[Record]:
    points: dict[int, list[float]] = {}
    for run in runs:
        for step, loss in validation(run):
            points.setdefault(step, []).append(loss)
    ids = " ".join(run.id for run in runs)
    for step, losses in sorted(points.items()):
        mean = sum(losses) / len(losses)
        yield {"kind": "mean", "step": step, "value": mean, "low": min(losses), "high": max(losses), "n": len(losses), "runs": ids}


def single_rows(run: Run) -> Iterator[Record]:
    return ({"kind": "failed", "step": step, "value": loss, "n": 1, "seed": run.seed, "state": run.state, "runs": run.id} for step, loss in validation(run))


def trivial_rows(table: Table) -> Iterator[Record]:
    for name, losses in table.plan.get("trivial", {}).items():
        if losses.get("val") is not None:
            yield {"kind": "trivial", "arm": name, "arm_index": -1, "value": losses["val"]}


def validation(run: Run) -> Iterator[tuple[int, float]]:
    """(step, loss) of the evaluations after the start."""
    for line in run.metrics:
        loss = line.get("val_loss")
        if loss is not None and line["step"] > 0:
            yield int(line["step"]), float(loss)


def draw(data: DataFrame) -> Figure:
    with canvas(3.3) as (figure, (axes,)):
        means = data[data.kind == "mean"]
        for (index, _), curve in means.groupby(["arm_index", "arm"]):
            style = arm_style(index)
            axes.fill_between(curve.step, curve.low, curve.high, **style.band())
            axes.plot(curve.step, curve.value, **style.line(), markevery=max(1, len(curve) // 6))
        for (index, _), curve in data[data.kind == "failed"].groupby(["arm_index", "runs"]):
            draw_failed(axes, curve, arm_style(index))
        limit(axes, data)
        draw_trivial(axes, data)
        axes.set_xlabel("steps")
        axes.set_title(f"validation loss, {data.metric.iloc[0]}", loc="left", color=MUTED)
        label_ends(axes, list(ends(means)))
    return figure


def draw_failed(axes: Axes, curve: DataFrame, style: ArmStyle) -> None:
    step, value = curve.step.iloc[-1], curve.value.iloc[-1]
    axes.plot(curve.step, curve.value, linewidth=0.9, **style.mark())
    axes.plot(step, value, "x", markersize=9, markeredgewidth=2.4, zorder=4, **style.mark())
    axes.annotate(
        f"seed {int(curve.seed.iloc[0])} {curve.state.iloc[0]}", (step, value), (7, 5), textcoords="offset points", fontsize=8.5
    )


def limit(axes: Axes, data: DataFrame) -> None:
    """Leaves the first third of training out of the range, where the fall would flatten all that follows."""
    curves = data[data.kind != "trivial"]
    settled = curves[curves.step >= curves.step.max() / 3]
    low, high = settled[["low", "value"]].min().min(), settled[["high", "value"]].max().max()
    pad = 0.06 * (high - low) or 0.1
    axes.set_ylim(low - pad, high + pad)


def draw_trivial(axes: Axes, data: DataFrame) -> None:
    low, high = axes.get_ylim()
    for row in data[data.kind == "trivial"].itertuples():
        if low < row.value < high:
            axes.axhline(row.value, color=MUTED, linewidth=0.9, linestyle=(0, (2, 3)))
            axes.text(1, row.value, row.arm, transform=axes.get_yaxis_transform(), ha="right", va="bottom", color=MUTED, fontsize=8.5)


def ends(means: DataFrame) -> Iterator[End]:
    for (index, name), curve in means.groupby(["arm_index", "arm"]):
        yield End(curve.step.iloc[-1], curve.value.iloc[-1], name, arm_style(index).colour)


def describe(data: DataFrame) -> str:
    last = data[data.kind == "mean"].groupby(["arm_index", "arm"]).tail(1)
    said = [f"{row.arm} ends at {number(row.value)} after {int(row.step)} steps ({int(row.n)} seeds)" for row in last.itertuples()]
    failed = data[data.kind == "failed"].runs.nunique()
    return "; ".join(said + ([f"{failed} runs did not finish"] if failed else []))


PLOT = Plot(
    name="learning-curves",
    title="Learning curves",
    order=2,
    caption="Line: mean of the finished reporting seeds at the arm's best rate. Band: from the lowest to the highest of them. "
    "Thin line with a cross: a seed that did not finish. Dotted: a trivial baseline in range.",
    absent="No learning curve yet: no reporting run has been evaluated.",
    data=learning_curves_data,
    draw=draw,
    describe=describe,
)
