"""Plans: equal budgets, recorded residuals, hashes, and refusals that name table and variant."""

from dataclasses import replace

import pytest

from catalog.errors import CatalogError, Fault
from harness.dryrun import estimate, lines, paces_of
from harness.pace import Timing
from harness.plan import build_plan
from harness.planchanges import changes
from harness.records import TableRuns, reporting_runs, total_runs, tuning_runs
from harness.sweepfile import assemble, load
from sweep_stand_ins import document, sweep, tools


def plan(**changes):
    return build_plan(sweep(**changes), tools=tools())


def refusals(**changes):
    with pytest.raises(CatalogError) as error:
        plan(**changes)
    return [str(fault) for fault in error.value.faults]


def test_every_variant_is_resized_to_the_amount_of_the_matched_one():
    table = plan(variants={"plain": {"set": {"width": 333}}, "fancy": {}})["tables"][0]
    assert table["budget"] == {
        "view": "non_embedding_params",
        "target": 3330,
        "residual": {"plain": 0.0, "fancy": 0.0},
    }
    assert table["variants"]["fancy"]["spec"]["width"] == 333
    assert table["variants"]["fancy"]["parameters"] == {"total": 3335, "embedding": 5, "non_embedding": 3330}


def test_the_amount_may_be_a_number_and_the_residual_is_recorded():
    table = plan(budget={"match": 4000}, variants={"plain": {}, "fancy": {"set": {"off": 2}}})["tables"][0]
    assert table["variants"]["plain"]["spec"]["width"] == 400
    assert table["budget"]["residual"] == {"plain": 0.0, "fancy": pytest.approx(0.005)}


def test_other_views_are_matched_or_left():
    flops = plan(budget={"view": "flops"}, variants={"plain": {"set": {"width": 200}}, "fancy": {}})["tables"][0]
    assert flops["budget"]["target"] == 1600
    tokens = plan(budget={"view": "tokens"}, variants={"plain": {"set": {"width": 200}}, "fancy": {}})["tables"][0]
    assert tokens["variants"]["fancy"]["spec"]["width"] == 100


def test_equal_memory_is_solved_by_widths():
    table = plan(budget={"view": "memory"}, variants={"plain": {"set": {"width": 200}}, "fancy": {}})["tables"][0]
    assert table["budget"]["target"] == 200 * 4 * 10
    assert table["notes"][-1].startswith("memory is counted, not measured")
    assert table["variants"]["fancy"]["spec"]["width"] == 200


def test_equal_seconds_become_steps_by_what_a_step_takes():
    found = plan(budget={"view": "seconds"}, variants={"plain": {"set": {"width": 200}}, "fancy": {}})
    table = found["tables"][0]
    assert table["budget"]["target"] == pytest.approx(20 * 0.02)
    assert {name: arm["steps"] for name, arm in table["variants"].items()} == {"plain": 20, "fancy": 40}
    assert table["budget"]["residual"] == {"plain": 0.0, "fancy": pytest.approx(0.0)}
    assert {run.spec["train"]["steps"] for run in tuning_runs(table, "fancy")} == {40}
    text = "\n".join(lines(estimate(found, lambda run: Timing(run["model"]["width"] / 1e4, 0.02))))
    assert "fancy: +0.00% of the budget" in text
    assert "a run: 128 k FLOPs (+0.0%), 1.28 k tokens (+100.0%), 0.4 s (+0.0%)" in text
    assert "a step: 10 ms, in rounds that lie 2.0% apart" in text
    assert "  seconds of a step, measured in turn and frozen in the plan: plain 20 ms (rounds 0.0% apart)" in text


def test_the_paces_of_a_plan_are_frozen_and_a_slower_machine_changes_nothing():
    seconds = sweep(budget={"view": "seconds"}, variants={"plain": {"set": {"width": 200}}, "fancy": {}})
    first = build_plan(seconds, tools=tools())
    slower = replace(tools(), clock=lambda device: lambda runs: [[run["model"]["width"] / 3e3] for run in runs])
    assert build_plan(seconds, tools=slower, before=first) == first
    assert build_plan(seconds, tools=slower)["plan_hash"] != first["plan_hash"]


def test_all_models_of_a_table_are_timed_in_turn_and_rounds_make_a_median_with_its_spread():
    asked = []

    def clock(runs):
        asked.append([run["model"]["width"] for run in runs])
        return [[0.01, 0.012, 0.011] for _ in runs]

    seconds = sweep(budget={"view": "seconds"}, variants={"plain": {"set": {"width": 200}}, "fancy": {}})
    table = build_plan(seconds, tools=replace(tools(), clock=lambda device: clock))["tables"][0]
    assert asked == [[200, 100]]
    told = {"seconds": 0.011, "spread": pytest.approx(0.002 / 0.011)}
    assert list(table["budget"]["calibration"].values()) == [told, told]


def test_seconds_that_an_older_plan_froze_without_a_spread_are_measured_anew():
    seconds = sweep(budget={"view": "seconds"})
    timed = replace(tools(), clock=lambda device: lambda runs: [[0.01] for _ in runs])
    plan = build_plan(seconds, tools=timed)
    budget = plan["tables"][0]["budget"]
    older = {"tables": [{"budget": {**budget, "calibration": dict.fromkeys(budget["calibration"], 0.5)}}]}
    assert build_plan(seconds, tools=timed, before=older) == plan


def test_a_dry_run_takes_the_timings_of_the_plan_and_measures_the_rest_in_turn():
    asked = []

    def clock(runs):
        asked.append(len(runs))
        return [[0.5] for _ in runs]

    found = build_plan(sweep(budget={"view": "seconds"}), tools=tools())
    paces = paces_of(found, clock, "cpu")
    assert asked == [2]  # those of the second table, of which another budget is matched
    assert estimate(found, paces)["tables"][0]["variants"]["plain"]["views"]["seconds"] == pytest.approx(20 * 0.01)
    assert asked == [2]


def test_seconds_that_no_number_of_steps_meets_are_refused():
    faults = refusals(budget={"view": "seconds", "match": 0.025}, variants={"plain": {}, "fancy": {}})
    assert "tables.first.variants.plain: no number of steps meets the budget of 0.025 seconds within 1 %" in faults[0]
    assert "the nearest is 0.02" in faults[0]


def test_an_unknown_entry_is_told_by_its_variant():
    def resolve(entry, size, overrides):
        raise CatalogError([Fault(None, None, "", entry, "unknown entry", "plain")])

    with pytest.raises(CatalogError) as error:
        build_plan(sweep(), tools=replace(tools(), resolve=resolve))
    told = "tables.first.variants.fancy: unknown entry (got 'fancy'; allowed: plain)"
    assert told in [str(fault) for fault in error.value.faults]


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"rigid": True}, "tables.first.variants.fancy: no width meets the budget of 1000 non_embedding_params"),
        ({"off": 5}, "tables.first.variants.fancy: no width meets the budget of 1,000 non_embedding_params within 1 %"),
        ({"floor": 9}, "tables.first.variants.fancy: task fake: no exact loss for this stack"),
    ],
)
def test_a_variant_that_cannot_take_part_is_named(settings, told):
    (fault,) = refusals(variants={"plain": {"set": {"width": 100}}, "fancy": {"set": {"width": 99, **settings}}})
    assert told in fault


def test_the_plan_and_the_dry_run_print_what_weight_decay_shrinks():
    def groups(spec, train):
        return [{"optimizer": "AdamW", "weight_decay": 0.1, "roles": {"matrix": {"tensors": 2, "parameters": 9000}}}]

    found = build_plan(sweep(), tools=replace(tools(), groups=groups))
    assert found["tables"][0]["variants"]["plain"]["optimizer"] == groups({}, {})
    assert "    AdamW, weight decay 0.1: matrix 9,000" in list(lines(estimate(found)))


def test_a_model_that_does_not_read_the_task_is_refused_before_anything_runs():
    def read(spec, inputs):
        raise ValueError(f"an image takes 197 slots (tokens {inputs['tokens'].shape})")

    with pytest.raises(CatalogError) as error:
        build_plan(sweep(), tools=replace(tools(), read=read))
    told = [str(fault) for fault in error.value.faults]
    assert "tables.first.variants.plain: an image takes 197 slots" in told[0]
    assert any("tables.second.variants.slow-one" in text for text in told)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"size.n_heads": 3, "tables.families": None}, "variants.pre-ln: n_heads=3 does not divide d_model=64"),
        ({"tables.families.variants.encoder": {"entry": "vit"}}, "variants.encoder: embedding: classification needs"),
    ],
)
def test_what_only_the_built_model_knows_names_its_variant_too(settings, told):
    with pytest.raises(CatalogError) as error:
        build_plan(load("demo", "smoke", {**settings, "tables.grapheme-to-phoneme": None}))
    assert told in str(error.value)


def test_an_unknown_entry_and_a_wrong_training_setting_are_told_with_their_paths():
    (fault,) = refusals(variants=["plain", "fanci"])
    assert fault.startswith("tables.first.variants.fanci: entry: unknown entry (got 'fanci'")
    (fault,) = refusals(train={"stepz": 3})
    assert fault.startswith("tables.first.train.stepz: unknown")
    (fault,) = refusals(train={"steps": 3, "batch_size": 1, "learning_rate": 1e-3})
    assert "list it in learning_rates" in fault


def test_two_names_for_one_model_are_refused():
    (fault,) = refusals(variants={"plain": {}, "copy": "plain"})
    assert "tables.first.variants.copy: is the same model as 'plain'" in fault


def test_a_variant_may_take_a_setting_of_the_table_away():
    document_ = document(size={"width": 50, "heads": 4}, variants={"plain": {}, "fancy": {"set": {"heads": None}}})
    table = build_plan(assemble(document_), tools=tools())["tables"][0]
    assert table["variants"]["plain"]["spec"]["heads"] == 4
    assert "heads" not in table["variants"]["fancy"]["spec"]


def test_equal_files_give_equal_plans_and_every_change_shows_in_the_hash():
    assert plan() == plan()
    hashes = {plan(**change)["plan_hash"] for change in ({}, {"margin": 0.1}, {"reporting_seeds": [0]}, {"title": "T"})}
    assert len(hashes) == 4
    assert build_plan(sweep(), tools=tools("code-2"))["plan_hash"] != plan()["plan_hash"]


def test_the_code_of_another_sort_of_device_is_other_code():
    here, there = plan(), build_plan(sweep(), "cuda", tools())
    assert here["code_hash"] != there["code_hash"]


def test_what_changed_between_two_plans_is_said_in_words():
    told = changes(plan(), plan(margin=0.1, variants={"plain": {"set": {"width": 50}}, "slow-one": {}}))
    assert "tables.first.margin: None -> 0.1" in told
    assert any(line.startswith("tables.first.variants.fancy.entry: fancy -> absent") for line in told)
    assert any(line.startswith("tables.first.variants.plain.spec: ") and len(line) < 80 for line in told)
    assert changes(plan(), plan()) == []


def test_runs_follow_from_the_plan_and_the_results():
    table = plan()["tables"][0]
    assert len(tuning_runs(table, "plain")) == 4
    assert [run.purpose for run in reporting_runs(table, "plain", 1e-3)] == ["reporting"] * 3 + ["a/a"] * 3
    assert len(reporting_runs(table, "fancy", 1e-3)) == 3
    assert total_runs(table) == 17
    runs = TableRuns(table)
    tuned = {run.id: {"state": "done", "val": {"loss": run.learning_rate}} for run in runs.tuning["fancy"]}
    known = list(runs.known(lambda identity: tuned.get(identity, {"state": "never"})))
    assert len(known) == 8 + 3
    assert {run.learning_rate for run in known[8:]} == {3e-4}


def test_seeds_purposes_and_salts_make_different_runs_and_a_tuning_run_is_no_reporting_run():
    table = plan()["tables"][0]
    runs = [*tuning_runs(table, "plain"), *reporting_runs(table, "plain", 1e-3)]
    assert len({run.id for run in runs}) == len(runs)
    assert {run.spec["purpose"] for run in runs[:4]} == {"tuning"}
    assert [run.spec["salt"] for run in runs[4:]] == [""] * 3 + ["a/a"] * 3


def test_an_estimate_counts_runs_tokens_flops_and_time():
    found = estimate(plan(), lambda run: Timing(0.5, 0.0), workers=2)
    first = found["tables"][0]
    assert (first["runs"], first["tokens"]) == (17, 17 * 20 * 4 * 8)
    assert first["flops"] == first["tokens"] * first["variants"]["plain"]["flops_per_token"]
    assert found["seconds"] == (17 + 14) * 20 * 0.5 / 2
    text = "\n".join(lines(found))
    assert "matched: non_embedding_params (1 k)" in text
    assert "plain: +0.00% of the budget; 1,000 non-embedding parameters of 1,005" in text
    assert "in all 31 runs" in text
    assert estimate(plan())["seconds"] is None


def test_a_dry_run_prints_the_views_that_are_not_matched_beside_the_baseline():
    rows = plan(budget={"view": "tokens"}, variants={"plain": {}, "fancy": {"set": {"width": 150}}})
    text = "\n".join(lines(estimate(rows, training_bytes=lambda spec, task, train: spec["width"])))
    assert "1,500 non-embedding parameters" in text
    assert "640 tokens (+0.0%), 150 bytes of memory (+50.0%)" in text


def test_a_task_that_cannot_be_built_is_told():
    def refuse(block):
        raise ValueError("data: no such text (got 'x')")

    with pytest.raises(CatalogError, match=r"tables\.first\.data: no such text"):
        build_plan(sweep(), tools=replace(tools(), build_task=refuse))
