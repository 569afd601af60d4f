"""The comparison as a record: equal bytes for equal results, sentences, frame, CSV, and properties that always hold."""

import csv
import io
import json
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comparison_cases import (
    ALIKE,
    BASE,
    RATES,
    SLIGHT,
    WORSE,
    arm,
    compared,
    difference,
    result,
    results_of,
    table_plan,
)
from harness.comparison import Comparison, compare, compare_table
from harness.comparison.numbers import fixed, places, rate_text

MIRROR = {"better": "worse", "worse": "better"}


def whole(order=1):
    """A plan of one table and its results; `order` -1 turns round every mapping and list that has an order."""
    given = {
        "base": BASE,
        "worse": WORSE,
        "alike": ALIKE,
        "broken": ["diverged", *WORSE[1:]],
        "late": [*BASE[:3], "oom", "never"],
    }
    names = list(given)[::order]
    results = results_of(**{name: given[name] for name in names}, aa=ALIKE[::-1])
    for one in results.values():
        one["tuning"] = dict(list(one["tuning"].items())[::order])
        one["reporting"] = dict(list(one["reporting"].items())[::order])
    plan = {"tables": [table_plan(names, learning_rates=RATES[::order])]}
    return plan, {"table": dict(list(results.items())[::order])}


def test_the_record_does_not_depend_on_the_order_of_plan_or_results():
    assert Comparison(compare(*whole())).to_json() == Comparison(compare(*whole(-1))).to_json()


def test_the_text_survives_a_round_trip_through_json():
    text = Comparison(compare(*whole())).to_json()
    assert Comparison(json.loads(text)).to_json() == text


def test_the_record_has_the_keys_that_reports_read():
    table = compare(*whole())["tables"][0]
    assert {"id", "title", "metric", "baseline", "n_seeds", "arms", "trivial", "differences", "aa", "sentences"} <= set(
        table
    )
    assert {
        "name", "mean", "ci", "n", "states", "best_rate", "untuned", "per_seed", "curve_rates", "tier", "median",
        "k_of_n", "run_ids", "shown",
    } <= set(table["arms"][0])  # fmt: skip
    assert {
        "arm", "baseline", "mean", "ci", "p", "p_holm", "block_ci", "verdict", "why", "mdd", "seeds_needed",
    } <= set(table["differences"][0])  # fmt: skip
    assert {"difference", "ci", "p", "alarm"} <= set(table["aa"])


def test_a_table_that_has_not_run_is_in_the_record():
    plan, _ = whole()
    assert compare(plan, {})["tables"][0]["n_seeds"] == 5


def test_every_verdict_is_said_with_its_numbers():
    said = compared(base=BASE, arm=WORSE)["sentences"][0]
    assert said == (
        "arm is worse than base by 0.050 nats per byte (95 % interval 0.041 to 0.059, 5 seeds, Holm p < 0.001)."
    )
    said = compared(base=WORSE, arm=BASE)["sentences"][0]
    assert said.startswith("arm is better than base by 0.050 nats per byte (95 % interval 0.041 to 0.059")
    said = compared(options={"margin": 0.03}, base=BASE, arm=ALIKE)["sentences"][0]
    assert said.startswith(
        "arm is the same as base within the declared margin of 0.03 nats per byte: the difference is"
    )
    said = compared(base=BASE, arm=["diverged"] * 5)["sentences"][0]
    assert said == (
        "arm is worse than base by rank (exact rank-sum test, Holm p = 0.0079; "
        "arm: 5 of 5 runs diverged; no claim on means)."
    )


def test_a_tie_says_what_could_have_been_seen_and_what_seeds_would_cost():
    table = compared(base=BASE, arm=[2.03, 2.03, 1.99, 2.035, 1.985])
    needed = difference(table)["seeds_needed"]
    assert 5 < needed < 30
    assert table["sentences"][0].startswith(
        "arm and base are a tie: the difference of 0.012 nats per byte could not be told"
    )
    assert table["sentences"][0].endswith(
        f"or more with 80 % power; about {needed} seeds would be needed, {needed - 5} more."
    )
    assert compared(base=BASE, arm=ALIKE)["sentences"][0].endswith("more than 100 seeds would be needed.")


def test_a_tie_whose_own_interval_leaves_out_zero_says_what_it_was_corrected_for():
    said = compared(base=BASE, one=SLIGHT, two=ALIKE, three=ALIKE)["sentences"]
    assert any(
        "one and base are a tie" in line and "from zero once corrected for 3 comparisons (" in line for line in said
    )
    assert sum("corrected" in line for line in said) == 1


def test_the_frame_has_one_row_an_arm_and_the_csv_the_same_cells():
    comparison = Comparison(compare(*whole()))
    frame = comparison.frame()
    assert list(frame["arm"]) == ["alike", "base", "worse", "late", "broken"]
    rows = list(csv.DictReader(io.StringIO(comparison.to_csv())))
    assert [row["verdict"] for row in rows] == ["tie", "", "worse", "no claim", "worse"]
    assert float(rows[2]["mean"]) == frame["mean"][2]
    assert rows[4]["mean"] == ""


def test_the_notebook_form_escapes_names():
    plan, results = table_plan(["base", "<b>"]), results_of(**{"base": BASE, "<b>": WORSE})
    text = Comparison(compare({"tables": [plan]}, {"table": results}))._repr_html_()
    assert "&lt;b&gt; is worse than base" in text
    assert "<b>" not in text


@pytest.mark.parametrize(("rate", "text"), [(0.01, "1e-2"), (3e-4, "3e-4"), (1.5e-3, "1.5e-3"), (1.0, "1e0")])
def test_rates_read_as_people_write_them(rate, text):
    assert rate_text(rate) == text


def test_numbers_show_one_or_two_digits_of_their_error_and_no_negative_zero():
    assert [places(half) for half in (None, 0.5, 0.009, 0.0011, 0.0004, 1e-12)] == [3, 3, 3, 4, 4, 7]
    assert fixed(-0.0001, 3) == "0.000"


def test_comparing_never_loads_torch_and_importing_loads_no_scipy():
    code = "import sys, harness.comparison; print(sorted({'torch', 'scipy', 'pandas'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


losses = st.one_of(
    st.floats(0.01, 20),
    st.sampled_from([2.0, 2.0 + 1e-15, 2.1, float("nan"), float("inf")]),
    st.sampled_from(["diverged", "never", "oom", "error", "running", "interrupted"]),
)


def arms(n):
    curve = st.lists(losses, min_size=4, max_size=4)
    return st.builds(
        lambda reporting, curve: arm(reporting, curve=curve), st.lists(losses, min_size=n, max_size=n), curve
    )


tables = st.integers(1, 7).flatmap(lambda n: st.tuples(st.just(n), st.lists(arms(n), min_size=1, max_size=5)))
whole_arms = st.lists(st.one_of(st.floats(0.01, 20), st.just("diverged")), min_size=6, max_size=6)


@settings(max_examples=150, deadline=None)
@given(tables, st.sampled_from([None, 0.1, 5.0]))
def test_no_result_whatever_makes_a_number_that_is_not_finite(case, margin):
    n, (base, *others) = case
    results = {"base": base, "a/a": base} | {f"arm{i}": one for i, one in enumerate(others)}
    plan = table_plan([name for name in results if name != "a/a"], n, margin=margin)
    table = compare_table(plan, results)
    text = Comparison({"tables": [table]}).to_json()
    assert json.loads(text) == {"tables": [table]}
    assert all(row["verdict"] in ("better", "worse", "same", "tie", "no claim") for row in table["differences"])
    assert all(row["why"] for row in table["differences"])
    assert "nan" not in " ".join(table["sentences"])


@settings(max_examples=150, deadline=None)
@given(whole_arms, whole_arms, st.sampled_from([None, 0.1, 5.0]))
def test_swapping_arm_and_baseline_swaps_the_verdict(one, other, margin):
    results = results_of(one=one, other=other)
    there, back = (
        compare_table(table_plan(["one", "other"], 6, baseline=name, margin=margin), results)["differences"][0]
        for name in ("one", "other")
    )
    assert back["verdict"] == MIRROR.get(there["verdict"], there["verdict"])
    assert back["p"] == pytest.approx(there["p"])
    assert back["ci"] == (there["ci"] and [pytest.approx(-there["ci"][1]), pytest.approx(-there["ci"][0])])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.floats(1, 3), min_size=5, max_size=5), min_size=2, max_size=5))
def test_a_tie_never_hides_a_difference_that_the_plan_could_see(reporting):
    results = results_of(**{f"arm{i}": one for i, one in enumerate(reporting)})
    for row in compare_table(table_plan(list(results), baseline="arm0"), results)["differences"]:
        if row["verdict"] == "tie" and row["mdd"]:
            assert abs(row["mean"]) < row["mdd"]
            assert row["seeds_over_cap"] or row["seeds_needed"] > 5


def test_a_result_in_a_state_of_no_ledger_is_refused():
    results = results_of(base=BASE, arm=WORSE)
    results["arm"]["reporting"][0] = result(2.0, "x") | {"state": "finished"}
    with pytest.raises(ValueError, match="finished"):
        compare_table(table_plan(["base", "arm"]), results)
