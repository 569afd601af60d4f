"""Verdicts of a comparison, rule by rule."""

import numpy as np
import pytest
from scipy import stats

from comparison_cases import ALIKE, BASE, SLIGHT, WORSE, compared, difference, row, table_plan
from harness.comparison import compare_table


def test_a_clear_difference_is_worse_with_the_paired_interval():
    found = difference(compared(base=BASE, arm=WORSE))
    expected = stats.ttest_rel(WORSE, BASE)
    assert (found["verdict"], found["test"], found["n"]) == ("worse", "paired t", 5)
    assert found["mean"] == pytest.approx(0.05)
    assert found["ci"] == pytest.approx(list(expected.confidence_interval(0.95)))
    assert found["p"] == found["p_holm"] == pytest.approx(expected.pvalue)
    assert found["seeds_needed"] is None


def test_a_lower_loss_is_better():
    assert difference(compared(base=WORSE, arm=BASE))["verdict"] == "better"


def test_a_difference_that_covers_zero_is_a_tie_with_its_price():
    found = difference(compared(base=BASE, arm=ALIKE))
    assert found["verdict"] == "tie"
    assert found["ci"][0] < 0 < found["ci"][1]
    assert found["mdd"] > abs(found["mean"])
    assert found["seeds_over_cap"]


def test_holm_takes_back_what_one_contrast_alone_would_claim():
    p = stats.ttest_rel(SLIGHT, BASE).pvalue
    assert 0.05 / 3 < p < 0.05
    alone, among = compared(base=BASE, arm=SLIGHT), compared(base=BASE, arm=SLIGHT, b=ALIKE, c=ALIKE[::-1])
    assert difference(alone)["verdict"] == "worse"
    assert difference(among)["verdict"] == "tie"
    assert difference(among)["p_holm"] == pytest.approx(3 * p)


def test_the_family_is_what_was_declared_not_what_has_finished():
    waiting = compared(base=BASE, arm=ALIKE, b=["never"] * 5, c=["running"] * 5)
    assert difference(waiting)["p_holm"] == pytest.approx(min(1, 3 * stats.ttest_rel(ALIKE, BASE).pvalue))


def test_same_needs_a_declared_margin():
    assert difference(compared(base=BASE, arm=ALIKE))["verdict"] == "tie"
    within = difference(compared(options={"margin": 0.03}, base=BASE, arm=ALIKE))
    assert within["verdict"] == "same"
    assert within["p_same"] <= 0.05
    assert difference(compared(options={"margin": 0.005}, base=BASE, arm=ALIKE))["verdict"] == "tie"


def test_a_real_difference_within_the_margin_is_the_same_and_keeps_its_number():
    found = difference(compared(options={"margin": 0.5}, base=BASE, arm=WORSE))
    assert (found["verdict"], round(found["mean"], 3)) == ("same", 0.05)


def test_identical_losses_are_a_tie_that_says_so():
    table = compared(base=BASE, arm=BASE)
    found = difference(table)
    assert (found["verdict"], found["why"]) == ("tie", "identical losses on every seed")
    assert (found["mean"], found["ci"], found["p"], found["mdd"]) == (0.0, [0.0, 0.0], 1.0, None)
    assert "may compute the same thing" in table["sentences"][0]


def test_a_difference_that_never_varies_is_no_claim():
    found = difference(compared(base=[2.0] * 5, arm=[2.1] * 5))
    assert found["verdict"] == "no claim"
    assert "do the seeds change anything" in found["why"]


def test_four_seeds_screen_with_a_block_interval_and_claim_nothing():
    table = compared(n=4, base=BASE[:4], arm=WORSE[:4], b=ALIKE[:4])
    found = difference(table)
    assert (found["verdict"], found["why"]) == ("no claim", "screening: 4 seeds, a claim needs 5")
    assert found["block_ci"][0] > 0
    assert found["p_holm"] is None
    assert {arm["tier"] for arm in table["arms"]} == {None}
    assert "block 95 % interval" in table["sentences"][1]


def test_one_seed_has_no_interval_and_no_claim():
    table = compared(n=1, base=[2.0], arm=[2.5])
    found = difference(table)
    assert (found["verdict"], found["why"]) == ("no claim", "one seed: no interval")
    assert (found["mean"], found["ci"], found["p"], found["block_ci"]) == (0.5, None, None, None)
    assert row(table, "arm")["ci"] is None


def test_the_block_interval_pools_the_arms_that_are_whole_and_not_the_aa_row():
    whole = compared(base=BASE, arm=WORSE)
    others = compared(base=BASE, arm=WORSE, b=[*ALIKE[:4], "diverged"], c=[*ALIKE[:4], "oom"], aa=ALIKE[::-1])
    assert difference(others)["block_ci"] == difference(whole)["block_ci"]
    assert difference(others, "b")["block_ci"] is difference(others, "c")["block_ci"] is None
    assert difference(compared(base=BASE, arm=WORSE, b=ALIKE))["block_ci"] != difference(whole)["block_ci"]


@pytest.mark.parametrize("state", ["never", "running", "interrupted", "oom", "error"])
def test_an_arm_that_is_not_finished_is_shown_without_a_claim(state):
    table = compared(base=BASE, arm=[*WORSE[:4], state])
    found = difference(table)
    assert found["verdict"] == "no claim"
    assert found["why"] == f"4 of 5 reporting runs finished, 1 {state}"
    assert (found["n"], found["p"], found["p_holm"]) == (4, None, None)
    assert row(table, "arm")["mean"] == pytest.approx(np.mean(WORSE[:4]))
    assert row(table, "arm")["k_of_n"] == "4 of 5"
    assert row(table, "arm")["tier"] is None


def test_an_unfinished_baseline_bars_every_claim():
    found = difference(compared(base=[*BASE[:4], "error"], arm=WORSE))
    assert found["why"] == "baseline 4 of 5 reporting runs finished, 1 error"


def test_nothing_run_yet_is_a_table_without_numbers():
    table = compare_table(table_plan(["base", "arm"]), {})
    assert difference(table)["verdict"] == "no claim"
    assert row(table, "arm")["states"] == {"never": 5}
    assert (row(table, "arm")["mean"], row(table, "arm")["best_rate"]) == (None, None)


def test_an_arm_with_a_diverged_seed_has_a_rank_test_a_median_and_no_mean():
    table = compared(base=BASE, arm=["diverged", *WORSE[1:]])
    found, shown = difference(table), row(table, "arm")
    ranked = stats.mannwhitneyu([9.0, *WORSE[1:]], BASE, method="exact").pvalue
    assert (found["verdict"], found["test"]) == ("worse", "exact rank-sum test")
    assert found["p"] == pytest.approx(ranked)
    assert (found["mean"], found["ci"], found["mdd"]) == (None, None, None)
    assert (shown["mean"], shown["ci"], shown["tier"]) == (None, None, None)
    assert (shown["median"], shown["k_of_n"]) == (2.05, "4 of 5")
    assert shown["states"] == {"diverged": 1, "done": 4}
    assert shown["per_seed"]["0"] is None
    assert "1 of 5 runs diverged; no claim on means" in found["why"]


def test_an_arm_that_always_diverges_is_worse():
    found = difference(compared(base=BASE, arm=["diverged"] * 5))
    assert (found["verdict"], found["p"]) == ("worse", pytest.approx(2 / 252))


def test_ranks_that_do_not_differ_are_no_claim_rather_than_a_tie():
    found = difference(compared(base=BASE, arm=["diverged", *BASE[1:]]))
    assert found["verdict"] == "no claim"
    assert "exact rank-sum test" in found["why"]


def test_a_diverged_baseline_is_worse_than_a_sound_arm():
    assert difference(compared(base=["diverged"] * 5, arm=BASE))["verdict"] == "better"


def test_two_arms_that_always_diverge_are_no_claim():
    found = difference(compared(base=["diverged"] * 5, arm=["diverged"] * 5))
    assert (found["verdict"], found["why"]) == ("no claim", "every run of both arms diverged")


def test_a_done_run_whose_loss_is_no_number_counts_as_diverged():
    table = compared(base=BASE, arm=[float("nan"), *WORSE[1:]])
    assert row(table, "arm")["states"] == {"diverged": 1, "done": 4}
