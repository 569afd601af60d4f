"""Performance profile over several tasks: the share of runs that score more than each threshold."""

from matplotlib.figure import Figure
from pandas import DataFrame

from reports.frames import arms, last, records
from reports.numbers import number
from reports.plots.canvas import End, canvas, height, label_ends
from reports.plots.registry import Plot
from reports.records import Together
from reports.style import MUTED, arm_style

COLUMNS = ("arm", "arm_index", "threshold", "share", "iqm")


def profile_data(together: Together) -> DataFrame:
    """One row an arm and threshold."""
    rows = [
        {"arm": arm["name"], "arm_index": together.arms.index(arm["name"]), "iqm": arm["iqm"]}
        | {"threshold": threshold, "share": share}
        for arm in together.record["arms"]
        for threshold, share in zip(together.record["thresholds"], arm["profile"], strict=True)
    ]
    return DataFrame(rows, columns=list(COLUMNS))


def draw(data: DataFrame) -> Figure:
    with canvas(height(data.arm.nunique())) as (figure, (axes,)):
        for index, _, curve in arms(data):
            axes.plot(curve.threshold, curve.share, drawstyle="steps-post", **arm_style(index).line(), markevery=6)
        axes.axvline(1, color=MUTED, linewidth=0.9, linestyle=(0, (2, 3)))
        axes.set_ylim(-0.03, 1.03)
        axes.set_xlim(data.threshold.min(), data.threshold.max())
        axes.set_xlabel("score: 0 learns nothing, 1 is the baseline’s mean")
        axes.set_title("share of runs that score more", loc="left", color=MUTED)
        found = [(index, name, last(curve)) for index, name, curve in arms(data)]
        label_ends(axes, [End(end["threshold"], end["share"], name, arm_style(i).colour) for i, name, end in found])
    return figure


def describe(data: DataFrame) -> str:
    rows = records(data.drop_duplicates("arm"))
    return "; ".join(f"{row['arm']} has an interquartile mean of {number(row['iqm'])}" for row in rows)


PLOT = Plot(
    name="profile",
    title="Performance profile",
    order=1,
    caption="Each line: the share of all runs of an arm, every task counting the same, that score more than the "
    "threshold. Further right is better; a line above another everywhere is better at every level. "
    "Dotted: the baseline’s mean.",
    absent="No profile: see above for what is missing.",
    data=profile_data,
    draw=draw,
    describe=describe,
    of="tasks",
)
