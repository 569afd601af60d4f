"""What tables say together: tasks, sizes and factors, from results to sentences."""

import copy

import numpy as np
import pytest

from comparison_cases import arm, results_of, table_plan
from harness.comparison import Comparison, compare

SIZES = [100_000, 300_000, 1_000_000, 3_000_000]


def task_table(task, gap, floor=3.0, target=1000, level=1.0):
    plan = table_plan(["base", "other"], id=f"{task}-{target}", trivial={"unigram": {"val": floor, "test": floor}})
    draw = np.random.default_rng(len(task) + target)
    shared = level + 0.02 * draw.normal(size=5)
    losses = {"base": shared + 0.003 * draw.normal(size=5), "other": shared + gap + 0.003 * draw.normal(size=5)}
    budget = {"view": "non_embedding_params", "target": target}
    results = results_of(**{name: list(values) for name, values in losses.items()})
    return plan | {"task": {"kind": task}, "budget": budget}, results


def compared(tables):
    plans = [plan for plan, _ in tables]
    return compare({"tables": plans}, {plan["id"]: results for plan, results in tables})


def test_arms_on_several_tasks_get_one_score():
    record = compared([task_table("copy", 0.1), task_table("reverse", 0.2), task_table("sort", 0.3)])
    (found,) = record["tasks"]
    scores = {row["name"]: row for row in found["arms"]}
    assert found["tables"] == ["copy-1000", "reverse-1000", "sort-1000"]
    assert scores["base"]["iqm"] == pytest.approx(1, abs=0.01)
    assert scores["other"]["iqm"] == pytest.approx(0.9, abs=0.02)
    assert scores["other"]["improves"] == 0
    assert "other scores 0." in found["sentences"][0]
    assert "a screening" in found["sentences"][0]


def test_a_run_that_diverged_counts_as_the_worst_on_its_task():
    tables = [task_table("copy", 0.0), task_table("reverse", 0.0)]
    tables[0][1]["other"] = arm([1.0, 1.0, 1.0, 1.0, float("inf")], "other")
    (found,) = compared(tables)["tasks"]
    other = next(row for row in found["arms"] if row["name"] == "other")
    assert other["profile"][0] == 0.9
    assert other["iqm"] is not None


def test_unfinished_tables_say_why_they_have_no_score():
    tables = [task_table("copy", 0.0), task_table("reverse", 0.0)]
    tables[1][1]["other"]["reporting"].pop(3)
    (found,) = compared(tables)["tasks"]
    assert (found["arms"], found["why"]) == ([], "reverse-1000: not finished: other")


def test_tables_with_other_arms_or_one_task_at_two_sizes_are_not_taken_together():
    alone = task_table("copy", 0.1)
    twice = task_table("copy", 0.1, target=2000)
    assert compared([alone, twice])["tasks"] == []
    assert compared([alone, twice])["ladders"] == []


def ladder(gain):
    """The baseline needs `gain` times the size of the other arm."""
    tables = []
    for size in SIZES:
        losses = [1 + 30 * (size * times) ** -0.3 for times in (1, gain)]
        tables.append(task_table("copy", losses[1] - losses[0], target=size, level=losses[0]))
    return tables


def test_four_sizes_make_a_ladder_with_a_multiplier():
    (found,) = compared(ladder(2.0))["ladders"]
    (row,) = found["arms"]
    assert found["sizes"] == SIZES
    assert row["verdict"] == "better"
    low, high = row["intervals"][-1]
    assert low < 2 < high
    assert found["sentences"][0].startswith("Scaling, better: base needs ")


def test_a_ladder_with_a_diverged_run_or_an_untuned_arm_claims_nothing():
    diverged, untuned = ladder(2.0), ladder(2.0)
    diverged[2][1]["other"]["reporting"][1] = {"state": "diverged", "id": "x"}
    untuned[0][1]["other"] = arm(list(range(1, 6)), "other", curve=[3.0, 2.0, 1.0, 0.5])
    for tables, said in ((diverged, "other diverged"), (untuned, "untuned")):
        row = compared(tables)["ladders"][0]["arms"][0]
        assert row["verdict"] == "no claim"
        assert said in row["why"]


def factor_table(effects, rows=("Lp", "Rp", "Lq", "Rq")):
    plan = table_plan(["base", *rows[1:]])
    names = {"base": rows[0], **{name: name for name in rows[1:]}}
    plan["variants"] = {name: {"levels": {"norm": row[0], "position": row[1]}} for name, row in names.items()}
    draw = np.random.default_rng(0)
    losses = {name: [1 + effects[row] + 0.001 * draw.normal() for _ in range(5)] for name, row in names.items()}
    return plan, results_of(**losses)


def test_a_full_grid_gives_main_effects_and_their_interaction():
    plan, results = factor_table({"Lp": 0, "Rp": 0.2, "Lq": -0.1, "Rq": 0.4})
    found = compare({"tables": [plan]}, {"table": results})["tables"][0]["effects"]
    rows = {tuple(change[0] for change in row["changes"]): row for row in found["rows"]}
    assert found["design"] == "factorial"
    assert rows[("norm",)]["mean"] == pytest.approx(0.35, abs=0.01)
    assert rows[("norm",)]["verdict"] == "worse"
    assert rows[("norm", "position")]["verdict"] == "worse together"
    assert any(text.startswith("norm from L to R: 0.35") for text in found["sentences"])


def test_single_changes_are_pairs_of_arms():
    plan, results = factor_table({"Lp": 0, "Rp": 0.2, "Rq": 0.1}, rows=("Lp", "Rp", "Rq"))
    table = compare({"tables": [plan]}, {"table": results})["tables"][0]
    found = table["effects"]
    assert found["design"] == "single changes"
    assert table["sentences"][:2] == found["sentences"], "what a chain of changes was made for comes first"
    assert [row["arms"] for row in found["rows"]] == [["base", "Rp"], ["Rp", "Rq"]]
    assert [row["verdict"] for row in found["rows"]] == ["worse", "better"]
    assert found["gap"]["arms"] == ["base", "Rq"]
    assert [row["share"] for row in found["rows"]] == pytest.approx([2, -1], abs=0.05)
    assert all(row["share_ci"][0] < row["share"] < row["share_ci"][1] for row in found["rows"])


def test_an_untuned_arm_bars_the_claims_on_its_own_pairs_alone():
    plan, results = factor_table({"Lp": 0, "Rp": 0.2, "Rq": 0.1}, rows=("Lp", "Rp", "Rq"))
    results["base"]["tuning"] = arm([1.0], "base", curve=[3.0, 2.0, 1.0, 0.5])["tuning"]
    found = compare({"tables": [plan]}, {"table": results})["tables"][0]["effects"]
    assert [row["verdict"] for row in found["rows"]] == ["no claim", "better"]
    assert found["rows"][0]["why"] == "base untuned: best rate 3e-2 is the last point of the grid"


def test_three_seeds_screen_and_claim_no_effect():
    plan, results = factor_table({"Lp": 0, "Rp": 0.2, "Rq": 0.1}, rows=("Lp", "Rp", "Rq"))
    plan["reporting_seeds"] = [0, 1, 2]
    found = compare({"tables": [plan]}, {"table": results})["tables"][0]["effects"]
    assert {row["verdict"] for row in found["rows"]} == {"no claim"}
    assert "screening: 3 seeds" in found["rows"][0]["why"]


def test_arms_without_levels_have_no_effects():
    tables = [task_table("copy", 0.1)]
    assert compared(tables)["tables"][0]["effects"] is None


def test_the_record_is_the_same_to_the_byte_each_time():
    tables = [*ladder(2.0)[:3], task_table("sort", 0.1)]
    texts = {Comparison(compared(copy.deepcopy(tables))).to_json() for _ in range(2)}
    assert len(texts) == 1
