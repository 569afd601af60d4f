"""The learning rate of an arm: how it is chosen, and when its optimum proves nothing."""

import pytest

from comparison_cases import BASE, RATES, WORSE, arm, compared, difference, result, row, table_plan, tuning
from harness.comparison import choose_rate, compare_table


def test_the_rate_with_the_lowest_mean_over_tuning_seeds_is_chosen():
    results = {(rate, seed): result(loss, "") for rate, pair in
               zip(RATES, [(2.0, 2.0), (1.7, 2.2), (1.9, 1.9), (2.1, 2.1)], strict=True)
               for seed, loss in zip((100, 101), pair, strict=True)}  # fmt: skip
    assert choose_rate(results, RATES) == (1e-2, False)


def test_of_equal_rates_the_smallest_is_chosen_whatever_the_order():
    assert choose_rate(tuning((2.0, 1.9, 1.9, 2.0)), RATES) == (3e-3, False)
    assert choose_rate(tuning((2.0, 1.9, 1.9, 2.0)), RATES[::-1]) == (3e-3, False)


@pytest.mark.parametrize("losses", [(1.8, 1.9, 2.0, 2.1), (2.1, 2.0, 1.9, 1.8)])
def test_an_optimum_on_either_end_is_on_the_edge(losses):
    assert choose_rate(tuning(losses), RATES) == (RATES[losses.index(1.8)], True)


@pytest.mark.parametrize("state", ["diverged", "oom", "never"])
def test_a_rate_that_diverged_or_has_no_result_is_the_worst(state):
    assert choose_rate(tuning((2.0, 1.9, state, state)), RATES) == (3e-3, False)


def test_a_rate_with_one_diverged_seed_of_two_is_the_worst():
    results = tuning((2.0, 1.5, 1.9, 2.1)) | {(rate, 101): result(2.0, "") for rate in RATES}
    results[3e-3, 101] = result("diverged", "")
    assert choose_rate(results, RATES) == (1e-2, False)


def test_a_grid_in_which_everything_diverged_or_of_one_point_is_all_edge():
    assert choose_rate(tuning(["diverged"] * 4), RATES) == (1e-3, True)
    assert choose_rate({(1e-3, 100): result(2.0, "")}, [1e-3]) == (1e-3, True)


def test_an_empty_grid_is_refused():
    with pytest.raises(ValueError, match="learning_rates: got none"):
        choose_rate({}, [])


@pytest.mark.parametrize(
    ("curve", "why"),
    [
        ((2.1, 2.0, 1.9, 1.8), "untuned: best rate 3e-2 is the last point of the grid"),
        ((1.8, 1.9, 2.0, 2.1), "untuned: best rate 1e-3 is the first point of the grid"),
        (["diverged"] * 4, "untuned: every rate of the grid diverged"),
    ],
)
def test_an_untuned_arm_loses_its_claim_and_its_tier(curve, why):
    table = compared(base=BASE, arm=arm(WORSE, curve=curve))
    assert (difference(table)["verdict"], difference(table)["why"]) == ("no claim", why)
    assert (row(table, "arm")["untuned"], row(table, "arm")["tier"], row(table, "arm")["why"]) == (True, None, why)
    assert row(table, "base")["untuned"] is False


def test_an_untuned_baseline_bars_every_claim():
    found = difference(compared(base=arm(BASE, curve=(2.1, 2.0, 1.9, 1.8)), arm=WORSE))
    assert found["why"] == "baseline untuned: best rate 3e-2 is the last point of the grid"


def test_a_grid_of_one_rate_tunes_nothing():
    options = {"learning_rates": [1e-2]}
    results = {name: {"tuning": {(1e-2, 100): result(2.0, "t")}, "reporting": arm(losses)["reporting"]}
               for name, losses in (("base", BASE), ("arm", WORSE))}  # fmt: skip
    table = compare_table(table_plan(["base", "arm"], **options), results)
    assert "untuned: 1e-2 is the only rate of the grid" in difference(table)["why"]


def test_unfinished_tuning_is_said_and_is_not_called_untuned():
    table = compared(base=BASE, arm=arm(WORSE, curve=(2.0, 1.9, "oom", "never")))
    assert difference(table)["why"] == "tuning: 2 of 4 rates finished, 1 never, 1 oom"
    assert row(table, "arm")["untuned"] is False


def test_the_tuning_curve_keeps_diverged_points():
    table = compared(base=BASE, arm=arm(WORSE, curve=(2.0, 1.9, 1.95, "diverged")))
    curve = row(table, "arm")["curve_rates"]
    assert [(point["rate"], point["state"]) for point in curve] == list(
        zip(RATES, ["done"] * 3 + ["diverged"], strict=True)
    )
    assert [point["loss"] for point in curve] == [1.5, pytest.approx(1.4), pytest.approx(1.45), None]
    assert curve[0]["run_ids"] == ["arm-tuning-0.001"]
