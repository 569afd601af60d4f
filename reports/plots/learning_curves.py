"""Learning curves: held-out loss over steps, the mean of the finished seeds with a band from lowest to highest."""

from collections.abc import Iterator

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from pandas import DataFrame

from reports.frames import arms, last, records
from reports.numbers import number
from reports.plots.canvas import End, canvas, height, label_ends
from reports.plots.registry import Plot
from reports.records import Record, Run, Table
from reports.style import BACKED, MUTED, ArmStyle, arm_style

COLUMNS = ("kind", "arm", "arm_index", "step", "value", "low", "high", "n", "seed", "state", "metric", "runs")


def learning_curves_data(table: Table) -> DataFrame:
    """Per arm and step the `mean` over reporting runs that are done, with `low` and `high`; `failed` runs one by one.

    Losses are on the validation split, also for the `trivial` rows. `failed` includes runs that are still going.
    """
    rows: list[Record] = []
    for index, name in enumerate(table.arms):
        runs = table.select("reporting", name)
        shared = {"arm": name, "arm_index": index}
        rows += [shared | row for row in mean_rows([run for run in runs if run.state == "done"])]
        rows += [shared | row for run in runs if run.state not in ("done", "never") for row in single_rows(run)]
    if rows:
        rows += trivial_rows(table)
    return DataFrame(rows, columns=list(COLUMNS)).assign(metric=table.metric)


def mean_rows(runs: list[Run]) -> Iterator[Record]:
    points: dict[int, list[float]] = {}
    for run in runs:
        for step, loss in validation(run):
            points.setdefault(step, []).append(loss)
    ids = " ".join(run.id for run in runs)
    for step, losses in sorted(points.items()):
        band = {"value": sum(losses) / len(losses), "low": min(losses), "high": max(losses), "n": len(losses)}
        yield {"kind": "mean", "step": step, "runs": ids} | band


def single_rows(run: Run) -> Iterator[Record]:
    shared = {"kind": "failed", "n": 1, "seed": run.seed, "state": run.state, "runs": run.id}
    return (shared | {"step": step, "value": loss} for step, loss in validation(run))


def trivial_rows(table: Table) -> Iterator[Record]:
    for name, losses in (table.plan.get("trivial") or {}).items():
        yield {"kind": "trivial", "arm": name, "arm_index": -1, "value": losses["val"]}


def validation(run: Run) -> Iterator[tuple[int, float]]:
    """(step, loss) of the evaluations after the start."""
    for line in run.metrics:
        loss = line.get("val_loss")
        if loss is not None and line["step"] > 0:
            yield int(line["step"]), float(loss)


def draw(data: DataFrame) -> Figure:
    means, failed = data[data.kind == "mean"], data[data.kind == "failed"]
    with canvas(height(means.arm.nunique())) as (figure, (axes,)):
        for index, _, curve in arms(means):
            style = arm_style(index)
            axes.fill_between(curve.step, curve.low, curve.high, **style.band())
            if len(curve) == 1:  # a band has no width there
                axes.vlines(curve.step, curve.low, curve.high, linewidth=5, alpha=0.3, **style.mark())
            axes.plot(curve.step, curve.value, **style.line(), markevery=max(1, len(curve) // 6))
        limit(axes, failed if means.empty else means)
        for index, _, curves in arms(failed):
            for run in dict.fromkeys(curves.runs):
                draw_failed(axes, curves[curves.runs == run], arm_style(index))
        draw_trivial(axes, records(data[data.kind == "trivial"]))
        axes.set_xlim(left=0)
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        axes.set_xlabel("steps")
        axes.set_title(f"validation loss, {data.metric.iloc[0]}", loc="left", color=MUTED)
        label_ends(axes, list(ends(means)))
    return figure


def draw_failed(axes: Axes, curve: DataFrame, style: ArmStyle) -> None:
    """A thin line to its last evaluation, at the edge of the range where that lies beyond."""
    end, (low, high) = last(curve), axes.get_ylim()
    place = end["step"], min(max(end["value"], low), high - 0.03 * (high - low))
    beyond = " ↑" if end["value"] > high else ""
    axes.plot(curve.step, curve.value, linewidth=0.9, **style.mark())
    axes.plot(*place, "x", markersize=9, markeredgewidth=2.4, zorder=4, clip_on=False, **style.mark())
    third = min(2, int(3 * end["step"] / axes.get_xlim()[1]))  # of the panel, which the words stay in
    written: Record = {"textcoords": "offset points", "fontsize": 8.5, "bbox": BACKED, "zorder": 6, "va": "center"}
    said = f"seed {int(end['seed'])} {end['state']}{beyond}"
    axes.annotate(said, place, (0, -13 if beyond else 13), ha=("left", "center", "right")[third], **written)


def limit(axes: Axes, curves: DataFrame) -> None:
    """Leaves the first third of training out of the range, where the fall would flatten all that follows."""
    settled = curves[curves.step >= curves.step.max() / 3]
    ends = settled[["low", "value", "high"]].astype(float)
    low, high = ends.min().min(), ends.max().max()
    pad = 0.06 * (high - low) or 0.1
    axes.set_ylim(low - pad, high + pad)


def draw_trivial(axes: Axes, rows: list[Record]) -> None:
    low, high = axes.get_ylim()
    written: Record = {"ha": "right", "va": "bottom", "color": MUTED, "fontsize": 8.5}
    for row in rows:
        if low < row["value"] < high:
            axes.axhline(row["value"], color=MUTED, linewidth=0.9, linestyle=(0, (2, 3)))
            axes.text(1, row["value"], row["arm"], transform=axes.get_yaxis_transform(), **written)


def ends(means: DataFrame) -> Iterator[End]:
    for index, name, curve in arms(means):
        end = last(curve)
        yield End(end["step"], end["value"], name, arm_style(index).colour)


def describe(data: DataFrame) -> str:
    said = []
    for _, name, curve in arms(data[data.kind == "mean"]):
        end = last(curve)
        said.append(f"{name} ends at {number(end['value'])} after {int(end['step'])} steps ({int(end['n'])} seeds)")
    failed = data[data.kind == "failed"].runs.nunique()
    return "; ".join(said + ([f"runs not done: {failed}"] if failed else []))


PLOT = Plot(
    name="learning-curves",
    title="Learning curves",
    order=2,
    caption="Line: mean of the finished reporting seeds at the arm’s best rate, on a fixed slice of the validation "
    "split. Band: from the lowest to the highest of them. Thin line with a cross: a seed that is not done. "
    "Dotted: a trivial baseline in range.",
    absent="No learning curve yet: no reporting run has been evaluated.",
    data=learning_curves_data,
    draw=draw,
    describe=describe,
)
