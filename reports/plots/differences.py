"""Differences to the baseline: a forest plot with intervals, every seed, the margin of equality and the A/A row."""

from collections.abc import Iterator

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from pandas import DataFrame

from reports.numbers import signed, signed_interval
from reports.plots.canvas import canvas, short
from reports.plots.registry import Plot
from reports.records import Record, Table
from reports.style import BACKED, BAND, INK, MUTED, PAPER, arm_style

COLUMNS = ["row", "kind", "arm", "arm_index", "seed", "value", "low", "high", "verdict", "why", "margin", "metric", "runs"]


def differences_data(table: Table) -> DataFrame:
    """One row per declared difference (`difference`), one for the A/A row (`a/a`) and one per paired seed (`seed`).

    `row` numbers the lines of the plot; `value` is the loss of the arm less that of the baseline.
    """
    differences = table.comparison.get("differences", [])
    rows = [row for place, record in enumerate(differences) for row in difference_rows(table, place, record)]
    if table.comparison.get("aa"):
        rows += aa_rows(table, len(differences))
    return DataFrame(rows, columns=COLUMNS).assign(margin=table.margin, metric=table.metric)


def difference_rows(table: Table, place: int, record: Record) -> Iterator[Record]:
    name = record["arm"]
    shared = {"row": place, "arm": name, "arm_index": table.arms.index(name)}
    low, high = record["ci"] or (None, None)
    ids = " ".join(table.arm(name).get("run_ids", []))
    yield shared | {"kind": "difference", "value": record["mean"], "low": low, "high": high, "runs": ids,
                    "verdict": record["verdict"], "why": record["why"]}
    base = table.arm(table.baseline).get("per_seed", {})
    for seed, loss in table.arm(name).get("per_seed", {}).items():
        if loss is not None and base.get(seed) is not None:
            yield shared | {"kind": "seed", "seed": int(seed), "value": loss - base[seed]}


def aa_rows(table: Table, place: int) -> Iterator[Record]:
    record = table.comparison["aa"]
    shared = {"row": place, "arm": f"A/A: {table.baseline} against itself", "arm_index": 0}
    runs = table.select("a/a")
    low, high = record["ci"] or (None, None)
    verdict = "noise floor suspect" if record["alarm"] else "as expected"
    yield shared | {"kind": "a/a", "value": record["difference"], "low": low, "high": high, "verdict": verdict,
                    "why": "same variant, other initial weights", "runs": " ".join(run.id for run in runs)}
    base = table.arm(table.baseline).get("per_seed", {})
    for run in runs:
        if run.test_loss is not None and base.get(str(run.seed)) is not None:
            yield shared | {"kind": "seed", "seed": run.seed, "value": run.test_loss - base[str(run.seed)]}


def draw(data: DataFrame) -> Figure:
    rows = data[data.kind != "seed"]
    with canvas(0.95 + 0.5 * len(rows)) as (figure, (axes,)):
        axes.set_ylim(-len(rows) + 0.55, 0.75)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.grid(axis="y", visible=False)
        draw_margin(axes, rows.margin.iloc[0])
        axes.axvline(0, color=INK, linewidth=1)
        for row in rows.itertuples():
            draw_row(axes, row._asdict())
        seeds = data[data.kind == "seed"]
        axes.plot(seeds.value, -seeds.row - 0.2, "|", color=MUTED, markersize=6, markeredgewidth=1)
        axes.margins(x=0.06)
        axes.set_xlabel(f"difference in {rows.metric.iloc[0]}\n← better than the baseline   |   worse →")
    return figure


def draw_margin(axes: Axes, margin: float | None) -> None:
    if margin is not None and margin == margin:
        axes.axvspan(-margin, margin, color=BAND, linewidth=0, zorder=0)


def draw_row(axes: Axes, row: Record) -> None:
    style = arm_style(row["arm_index"])
    aa = row["kind"] == "a/a"
    colour = MUTED if aa else style.colour
    gid = None if aa else style.gid
    if row["low"] == row["low"]:
        axes.plot([row["low"], row["high"]], [-row["row"]] * 2, color=colour, gid=gid, linewidth=2.2, solid_capstyle="butt")
    if row["value"] == row["value"]:
        marker = "o" if aa else style.marker
        claimed = row["verdict"] in ("better", "worse", "same")
        face = colour if claimed else PAPER
        axes.plot(row["value"], -row["row"], marker, color=colour, gid=gid, markersize=7, markerfacecolor=face)
    over = -row["row"] + 0.27
    written: Record = {"transform": axes.get_yaxis_transform(), "va": "center", "bbox": BACKED}
    axes.text(0, over, short(row["arm"], 34), color=INK, **written)
    axes.text(1, over, verdict_text(row), ha="right", color=MUTED, fontsize=9, **written)


def verdict_text(row: Record) -> str:
    return f"{row['verdict']}  {signed(row['value'])}" if row["value"] == row["value"] else row["verdict"]


def describe(data: DataFrame) -> str:
    rows = data[data.kind != "seed"]
    return "; ".join(
        f"{row.arm}: {row.verdict}, {signed(row.value)} {signed_interval(row.low, row.high)}".strip() for row in rows.itertuples()
    )


PLOT = Plot(
    name="differences",
    title="Differences to the baseline",
    order=1,
    caption="Point: mean difference over seeds, filled where it carries a claim. Bar: 95 % interval. Ticks: single seeds. "
    "Vertical line: no difference. Shaded, where declared: the margin of equality. The A/A row shows how large a difference nothing makes.",
    absent="No difference to show yet: the comparison has not been made.",
    data=differences_data,
    draw=draw,
    describe=describe,
)
