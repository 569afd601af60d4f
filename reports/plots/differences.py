"""Differences to the baseline: a forest plot with intervals, every seed, the margin of equality and the A/A row."""

from collections.abc import Iterator

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from pandas import DataFrame

from reports.frames import records, values
from reports.numbers import missing, signed, signed_interval
from reports.plots.canvas import canvas, short
from reports.plots.registry import Plot
from reports.records import Record, Table
from reports.style import BACKED, BAND, INK, MUTED, PAPER, arm_style

COLUMNS = (
    "row",
    "kind",
    "arm",
    "arm_index",
    "seed",
    "value",
    "low",
    "high",
    "verdict",
    "why",
    "margin",
    "metric",
    "runs",
)
CLAIMS = ("better", "worse", "same")


def differences_data(table: Table) -> DataFrame:
    """One row per declared difference (`difference`), one for the A/A row (`a/a`) and one per paired seed (`seed`).

    `row` numbers the lines of the plot; `value` is the loss of the arm less that of the baseline.
    """
    differences = table.comparison.get("differences", [])
    rows = [row for place, record in enumerate(differences) for row in difference_rows(table, place, record)]
    if rows and table.comparison.get("aa"):
        rows += aa_rows(table, len(differences))
    return DataFrame(rows, columns=list(COLUMNS)).assign(margin=table.margin, metric=table.metric)


def difference_rows(table: Table, place: int, record: Record) -> Iterator[Record]:
    arm = table.arm(record["arm"])
    low, high = record["ci"] or (None, None)
    shared = {"row": place, "arm": record["arm"], "arm_index": table.arms.index(record["arm"])}
    said = {key: record[key] for key in ("verdict", "why")}
    measured = {"value": record["mean"], "low": low, "high": high, "runs": " ".join(arm["run_ids"])}
    yield shared | {"kind": "difference"} | said | measured
    yield from seed_rows(shared, arm["per_seed"], table)


def aa_rows(table: Table, place: int) -> Iterator[Record]:
    record = table.comparison["aa"]
    low, high = record["ci"] or (None, None)
    shared = {"row": place, "arm": f"A/A: {table.baseline} against itself", "arm_index": 0}
    said = {"verdict": "noise floor suspect" if record["alarm"] else "as expected", "why": record["why"]}
    measured = {"value": record["difference"], "low": low, "high": high, "runs": " ".join(record["run_ids"])}
    yield shared | {"kind": "a/a"} | said | measured
    yield from seed_rows(shared, record["per_seed"], table)


def seed_rows(shared: Record, losses: Record, table: Table) -> Iterator[Record]:
    """The differences of single seeds that both arms finished."""
    base = table.arm(table.baseline)["per_seed"]
    for seed, loss in losses.items():
        if loss is not None and base.get(seed) is not None:
            yield shared | {"kind": "seed", "seed": int(seed), "value": loss - base[seed]}


def draw(data: DataFrame) -> Figure:
    rows = records(data[data.kind != "seed"])
    with canvas(0.95 + 0.5 * len(rows)) as (figure, (axes,)):
        axes.set_ylim(-len(rows) + 0.55, 0.75)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.grid(axis="y", visible=False)
        if not missing(rows[0]["margin"]):
            axes.axvspan(-rows[0]["margin"], rows[0]["margin"], color=BAND, linewidth=0, zorder=0)
        axes.axvline(0, color=INK, linewidth=1)
        for row in rows:
            draw_row(axes, row)
        draw_seeds(axes, data, rows)
        axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
        axes.set_xlabel(f"difference in {rows[0]['metric']}\n← better than the baseline   |   worse →")
    return figure


def draw_row(axes: Axes, row: Record) -> None:
    style = arm_style(int(row["arm_index"]))
    aa, y = row["kind"] == "a/a", -row["row"]
    look: Record = {"color": MUTED, "gid": None} if aa else style.mark()
    if not missing(row["low"]):
        axes.plot([row["low"], row["high"]], [y, y], linewidth=2.2, solid_capstyle="butt", **look)
    if not missing(row["value"]):
        face = look["color"] if row["verdict"] in CLAIMS else PAPER
        axes.plot(row["value"], y, "o" if aa else style.marker, markersize=7, markerfacecolor=face, **look)
    written: Record = {"transform": axes.get_yaxis_transform(), "va": "center", "bbox": BACKED}
    axes.text(0, y + 0.27, short(row["arm"], 34), color=INK, **written)
    axes.text(1, y + 0.27, verdict_text(row), ha="right", color=MUTED, fontsize=9, **written)


def verdict_text(row: Record) -> str:
    return str(row["verdict"]) if missing(row["value"]) else f"{row['verdict']}  {signed(row['value'])}"


def draw_seeds(axes: Axes, data: DataFrame, rows: list[Record]) -> None:
    """Single seeds as ticks; the scale serves the rows with an interval, an arrow stands for seeds beyond it."""
    seeds = data[data.kind == "seed"]
    low, high = scale(seeds, rows)
    axes.set_xlim(low, high)
    inside = seeds[seeds.value.between(low, high)]
    axes.plot(inside.value, -inside.row - 0.2, "|", color=MUTED, markersize=6, markeredgewidth=1)
    beyond = seeds[~seeds.value.between(low, high)]
    for row in rows:
        if found := values(beyond[beyond.row == row["row"]], "value"):
            right = min(found) > high
            text = f"{signed(min(found), 2)} to {signed(max(found), 2)} {'→' if right else '←'}"
            written: Record = {"transform": axes.get_yaxis_transform(), "color": MUTED, "fontsize": 8.5, "bbox": BACKED}
            axes.text(
                1 if right else 0, -row["row"] - 0.05, text, ha="right" if right else "left", va="center", **written
            )


def scale(seeds: DataFrame, rows: list[Record]) -> tuple[float, float]:
    measured = [row for row in rows if not missing(row["low"])] or rows
    points = values(seeds[seeds.row.isin([row["row"] for row in measured])], "value")
    ends = [row[end] for row in measured for end in ("low", "value", "high") if not missing(row[end])]
    low, high = min([*points, *ends, 0.0]), max([*points, *ends, 0.0])
    pad = 0.06 * (high - low) or 0.1
    return low - pad, high + pad


def describe(data: DataFrame) -> str:
    return "; ".join(map(sentence, records(data[data.kind != "seed"])))


def sentence(row: Record) -> str:
    return f"{row['arm']}: {row['verdict']}, {signed(row['value'])} ({signed_interval(row['low'], row['high'])})"


PLOT = Plot(
    name="differences",
    title="Differences to the baseline",
    order=1,
    caption="Point: mean difference over seeds, filled where it carries a claim. Bar: 95 % interval. "
    "Ticks: single seeds. Vertical line: no difference. Arrow: seeds beyond the scale. "
    "Shaded, where declared: the margin of equality. "
    "The A/A row shows how large a difference nothing makes.",
    absent="No difference to show yet: the comparison has not been made.",
    data=differences_data,
    draw=draw,
    describe=describe,
)
