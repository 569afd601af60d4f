"""Tiers, the A/A row, trivial rows and shown metrics of a comparison, and the split it stands on."""

import numpy as np
import pytest
from scipy import stats

from comparison_cases import ALIKE, BASE, SLIGHT, WORSE, arm, compared, difference, results_of, row, table_plan
from harness.comparison import compare_table


def test_tiers_follow_proven_differences_and_list_the_ties():
    table = compared(base=BASE, alike=ALIKE, worse=[2.3, 2.33, 2.28, 2.31, 2.28])
    assert {arm["name"]: arm["tier"] for arm in table["arms"]} == {"base": 1, "alike": 1, "worse": 2}
    assert row(table, "base")["ties"] == ["alike"]
    assert "Tiers: 1 (alike, base), 2 (worse)." in table["sentences"]


def test_the_aa_row_is_quiet_when_the_baseline_is_like_itself():
    aa = compared(base=BASE, arm=WORSE, aa=ALIKE)["aa"]
    assert (aa["alarm"], aa["why"], aa["k_of_n"]) == (False, "", "5 of 5")
    assert aa["p"] == pytest.approx(stats.ttest_rel(ALIKE, BASE).pvalue)
    assert aa["run_ids"] == [f"aa-{seed}" for seed in range(5)]


def test_the_aa_alarm_rings_under_one_percent_and_speaks_first():
    table = compared(base=BASE, arm=WORSE, aa=[loss + 0.02 + 0.001 * i for i, loss in enumerate(BASE)])
    assert (table["aa"]["alarm"], table["aa"]["why"]) == (True, "noise floor suspect")
    assert table["sentences"][0].startswith("Noise floor suspect: base against itself")


def test_the_aa_alarm_keeps_quiet_between_one_and_five_percent():
    assert 0.01 < stats.ttest_rel(SLIGHT, BASE).pvalue < 0.05
    table = compared(base=BASE, arm=WORSE, aa=SLIGHT)
    assert table["aa"]["alarm"] is False
    assert table["sentences"][-1].endswith("no alarm, which takes p < 0.01 (p = 0.03 here).")


def test_an_aa_row_without_noise_or_with_a_constant_shift_is_noticed():
    assert "shows no noise" in compared(base=BASE, arm=WORSE, aa=BASE)["aa"]["why"]
    assert compared(base=[2.0] * 5, arm=WORSE, aa=[2.1] * 5)["aa"]["alarm"]
    assert compared(base=BASE, arm=WORSE, aa=["diverged"] * 5)["aa"]["alarm"]


def test_an_absent_aa_row_is_said():
    aa = compared(base=BASE, arm=WORSE)["aa"]
    assert (aa["difference"], aa["alarm"], aa["why"]) == (None, False, "0 of 5 reporting runs finished, 5 never")


def test_trivial_rows_say_who_beats_them():
    trivial = {"unigram": {"val": 2.6, "test": 2.5}, "bigram": {"val": 2.1, "test": 2.02}}
    table = compared(options={"trivial": trivial}, base=BASE, arm=WORSE)
    assert table["trivial"] == [
        {"name": "bigram", "loss": 2.02, "beaten_by": ["base"]},
        {"name": "unigram", "loss": 2.5, "beaten_by": ["arm", "base"]},
    ]
    assert "Not below the trivial bigram row (2.020 nats per byte): arm." in table["sentences"]


def shown(*values):
    return [{"accuracy": value} for value in values]


def test_shown_metrics_have_means_and_paired_intervals():
    base, other = (
        arm(BASE, shown=shown(0.5, 0.52, 0.49, 0.5, 0.51)),
        arm(WORSE, shown=shown(0.4, 0.45, 0.41, 0.4, 0.42)),
    )
    table = compared(base=base, arm=other)
    assert row(table, "base")["shown"] == {"accuracy": pytest.approx(0.504)}
    assert row(table, "base")["shown_ci"]["accuracy"][0] < 0.504
    found = difference(table)["shown"]["accuracy"]
    assert found["mean"] == pytest.approx(-0.088)
    assert (found["ci"][1] < 0, found["why"]) == (True, "")


@pytest.mark.parametrize(("value", "why"), [(0.01, "arm is under 2 %"), (0.99, "arm is over 98 %")])
def test_a_shown_metric_near_its_end_carries_no_claim(value, why):
    base, other = arm(BASE, shown=shown(0.5, 0.52, 0.49, 0.5, 0.51)), arm(WORSE, shown=shown(*[value] * 5))
    table = compared(base=base, arm=other)
    assert row(table, "arm")["shown"] == {"accuracy": pytest.approx(value)}
    assert row(table, "arm")["shown_ci"] == {"accuracy": None}
    assert (difference(table)["shown"]["accuracy"]["ci"], difference(table)["shown"]["accuracy"]["why"]) == (None, why)


def test_a_metric_that_is_no_share_has_no_ceiling():
    bits = [{"bits_per_byte": value} for value in (3.5, 3.6, 3.4, 3.5, 3.5)]
    table = compared(base=arm(BASE, shown=bits), arm=arm(WORSE, shown=bits[::-1]))
    assert row(table, "arm")["shown_why"] == {"bits_per_byte": ""}
    assert row(table, "arm")["shown_ci"]["bits_per_byte"] is not None


@pytest.mark.parametrize(("values", "count"), [((0.4, None, 0.4, 0.4, 0.5), 4), ((None,) * 5, 0)])
def test_a_metric_without_a_number_in_some_run_has_no_mean_and_says_so(values, count):
    base, other = arm(BASE, shown=shown(0.5, 0.52, 0.49, 0.5, 0.51)), arm(WORSE, shown=shown(*values))
    table = compared(base=base, arm=other)
    assert row(table, "arm")["shown"] == {"accuracy": None}
    assert row(table, "arm")["shown_why"] == {"accuracy": f"has a number in {count} of 5 runs"}
    assert difference(table)["shown"]["accuracy"]["mean"] is None


def test_verdicts_stand_on_test_losses_and_rates_on_validation_losses():
    table = compared(base=BASE, arm=WORSE)
    assert table["split"] == "test"
    assert row(table, "base")["mean"] == pytest.approx(np.mean(BASE))
    assert row(table, "base")["curve_rates"][0]["loss"] == 1.5


def test_a_task_without_a_test_split_is_judged_on_validation():
    results = results_of(base=BASE, arm=WORSE)
    for one in results.values():
        for run in one["reporting"].values():
            run["test"] = None
    table = compare_table(table_plan(["base", "arm"]), results)
    assert table["split"] == "val"
    assert row(table, "base")["mean"] == pytest.approx(np.mean(BASE) - 0.5)


def test_runs_with_and_without_a_test_loss_are_not_mixed():
    results = results_of(base=BASE, arm=WORSE)
    results["arm"]["reporting"][0]["test"] = None
    with pytest.raises(ValueError, match="run arm-0 has no test loss"):
        compare_table(table_plan(["base", "arm"]), results)


def test_seeds_that_were_not_declared_are_not_read():
    assert compared(n=5, base=[*BASE, 9.0], arm=[*WORSE, 0.1]) == compared(n=5, base=BASE, arm=WORSE)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"baseline": "bass"}, "baseline: got 'bass'; allowed: arm, base"),
        ({"alpha": 0}, "alpha: got 0; allowed: a number between 0 and 1"),
        ({"margin": -1}, "margin: got -1; allowed: a number above 0"),
        ({"variants": {"base": {}}}, "got 'arm'; allowed: base, a/a"),
    ],
)
def test_a_plan_that_cannot_be_compared_says_why(options, message):
    with pytest.raises(ValueError, match=message):
        compared(options=options, base=BASE, arm=WORSE)
