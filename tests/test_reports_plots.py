"""What each plot of a report computes, on a made-up ledger with every kind of outcome."""

import itertools
import warnings
from dataclasses import replace

import pytest

from report_fixture import DEMOS, Arm, write_ledger
from reports.ledger_reader import read_sweep
from reports.plots.canvas import short, spread
from reports.plots.differences import differences_data
from reports.plots.learning_curves import learning_curves_data
from reports.plots.learning_rates import learning_rates_data
from reports.plots.lengths import lengths_data
from reports.plots.registry import plots
from reports.style import COLOURS, DASHES, MARKERS, arm_style
from reports.svg import png


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    sweep = read_sweep(*write_ledger(tmp_path_factory.mktemp("runs")))
    return {table.id: table for table in sweep.tables}


@pytest.fixture(scope="module")
def spelling(tables):
    return tables["grapheme-to-phoneme"]


def test_plots_are_found_by_themselves_in_the_order_of_the_page():
    assert [plot.name for plot in plots()] == ["differences", "learning-curves", "learning-rates", "lengths"]


def test_differences_are_those_of_the_comparison_with_every_seed(spelling):
    data = differences_data(spelling)
    compared = {row["arm"]: row for row in spelling.comparison["differences"]}
    for row in data[data.kind == "difference"].dropna(subset="value").itertuples():
        assert (row.value, [row.low, row.high]) == (compared[row.arm]["mean"], compared[row.arm]["ci"])
    seeds = data[(data.kind == "seed") & (data.arm == "transformer-pre-ln")]
    assert seeds.value.mean() == pytest.approx(compared["transformer-pre-ln"]["mean"])
    assert len(data[(data.kind == "seed") & (data.arm == "rnn-encdec")]) == 4


def test_the_aa_row_is_the_last_line_and_names_its_runs(spelling):
    rows = differences_data(spelling).query("kind == 'a/a'")
    assert rows.row.item() == len(spelling.comparison["differences"])
    assert set(rows.runs.item().split()) == {run.id for run in spelling.select("a/a")}


def test_an_arm_with_a_diverged_seed_has_no_mean_difference(spelling):
    row = differences_data(spelling).query("kind == 'difference' and arm == 'rnn-encdec'")
    assert row.value.isna().all()


def test_curves_average_the_seeds_that_are_done_and_keep_the_others_one_by_one(spelling):
    data = learning_curves_data(spelling)
    mean = data.query("kind == 'mean' and arm == 'rnn-encdec'")
    assert set(mean.n) == {4}
    assert (mean.low <= mean.value).all()
    assert (mean.value <= mean.high).all()
    failed = data[data.kind == "failed"]
    assert (set(failed.arm), set(failed.seed), set(failed.state)) == ({"rnn-encdec"}, {3}, {"diverged"})


def test_curves_end_at_the_mean_of_the_last_evaluations(spelling):
    data = learning_curves_data(spelling).query("kind == 'mean' and arm == 'transformer'")
    runs = spelling.select("reporting", "transformer")
    ends = [[line["val_loss"] for line in run.metrics if "val_loss" in line][-1] for run in runs]
    assert data.value.iloc[-1] == pytest.approx(sum(ends) / len(ends))


def test_rates_mark_the_best_the_untuned_and_the_failed(spelling):
    data = learning_rates_data(spelling)
    assert len(data) == 5 * 4
    assert dict(data[data.best].set_index("arm").learning_rate) == {
        arm["name"]: arm["best_rate"] for arm in spelling.compared()
    }
    assert list(data[data.untuned].arm) == ["rnnsearch"]
    out = data.query("arm == 'prefix-lm' and learning_rate == 0.03")
    assert (out.state.item(), out.loss.isna().item()) == ("oom", True)


def test_rates_average_over_tuning_seeds_and_have_no_loss_where_one_failed(spelling):
    from reports.plots.learning_rates import rate_row

    done = spelling.select("tuning", "transformer")[:2]
    assert rate_row(done)["loss"] == pytest.approx((done[0].loss + done[1].loss) / 2)
    failed = [run for run in spelling.select("tuning") if run.state == "oom"]
    assert rate_row([*done, *failed]) == {
        "loss": None,
        "state": "oom",
        "runs": " ".join(r.id for r in [*done, *failed]),
    }


def test_lengths_average_each_bucket_over_seeds(spelling):
    data = lengths_data(spelling)
    assert set(data.by) == {"source_length", "position"}
    assert set(data[data.by == "source_length"].measure) == {"loss", "accuracy", "error_rate"}
    one = data.query("by == 'position' and measure == 'loss' and arm == 'rnnsearch' and bucket == '4-6'")
    losses = [run.result["by"]["position"][2]["loss"] for run in spelling.select("reporting", "rnnsearch")]
    assert one.value.item() == pytest.approx(sum(losses) / 5)
    assert list(data[data.by == "source_length"].bucket.unique()) == ["1-4", "5-6", "7-8", "9-10", "11-14"]


def test_a_task_without_lengths_has_an_empty_frame(tables):
    assert lengths_data(tables["families"]).empty


@pytest.mark.parametrize("plot", plots(), ids=lambda plot: plot.name)
def test_every_plot_draws_without_warning_and_says_what_it_shows(plot, tables):
    for table in tables.values():
        data = plot.data(table)
        if not data.empty:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                assert png(plot.draw(data)).startswith(b"\x89PNG")  # places are only computed when it is written
            assert table.arms[1] in plot.describe(data)


@pytest.mark.parametrize("plot", plots(), ids=lambda plot: plot.name)
def test_long_names_of_arms_that_failed_or_are_untuned_leave_room_for_the_panel(plot, tmp_path):
    broken = {("tuning", 0): "diverged", ("reporting", 1): "diverged"}
    arms = {f"variant/with-a-name-that-goes-on-{end}": Arm(1.9, 3, broken=broken) for end in "abc"}
    (table,) = read_sweep(*write_ledger(tmp_path, (replace(DEMOS[0], arms=arms),))).tables
    figure = plot.draw(plot.data(table))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        png(figure)
    assert all(axes.get_position().width > 0.3 for axes in figure.axes)


@pytest.mark.parametrize("plot", plots(), ids=lambda plot: plot.name)
def test_every_row_of_a_plot_leads_to_runs_of_the_table(plot, spelling):
    known = {run.id for run in spelling.runs}
    data = plot.data(spelling)
    for runs in data[~data.get("kind", data.arm).isin(["seed", "trivial"])].runs:
        assert runs
        assert set(runs.split()) <= known


def test_no_two_of_many_arms_look_alike():
    looks = [(style.colour, style.marker, style.dash) for style in map(arm_style, range(40))]
    assert len(set(looks)) == 40
    assert arm_style(0).dash == ()
    assert len(set(COLOURS)) == len(COLOURS)
    assert len(set(MARKERS)) == len(MARKERS)
    assert len(set(DASHES)) == len(DASHES)


def test_an_arm_looks_the_same_in_every_plot(spelling):
    for plot in plots():
        data = plot.data(spelling)
        own = data[data.arm.isin(spelling.arms)]
        assert {name: spelling.arms.index(name) for name in own.arm} == dict(zip(own.arm, own.arm_index, strict=True))


def test_labels_are_pushed_apart_and_stay_below_the_top():
    places = spread([1.0, 1.0, 1.1, 1.95], 0.2, 2.0)
    assert places == sorted(places)
    assert places[-1] <= 2.0
    assert min(b - a for a, b in itertools.pairwise(places)) >= 0.2 - 1e-9


def test_a_name_that_does_not_fit_loses_its_middle():
    assert [short(name, 9) for name in ("pre-ln-12", "variant/rope-2", "variant/rope-3")] == [
        "pre-ln-12",
        "vari…pe-2",
        "vari…pe-3",
    ]
