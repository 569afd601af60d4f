"""The shipped sweep: it plans, meets its budgets, and its smoke preset runs from end to end with the real trainer."""

from dataclasses import replace

import pytest

from harness.launch import Launch
from harness.plan import build_plan, real_tools
from harness.progress import PlainLines
from harness.sweep import run_sweep
from harness.sweepfile import load, presets_of
from harness.sweepsource import SHIPPED


def test_the_demo_meets_its_budgets():
    plan = build_plan(load("demo"))
    tables = {table["id"]: table for table in plan["tables"]}
    assert list(tables) == ["norm-placement", "grapheme-to-phoneme", "families"]
    assert all(abs(r) <= 0.01 for table in tables.values() for r in table["budget"]["residual"].values())
    assert [len(table["arms"]) for table in tables.values()] == [2, 5, 3]
    assert all(table["trivial"] for table in tables.values())


def test_every_shipped_sweep_has_the_three_presets():
    for path in SHIPPED.glob("*.yaml"):
        assert {"smoke", "demo", "full"} <= set(presets_of(path))
        for preset in presets_of(path):
            assert load(path, preset).preset == preset


def test_the_demo_has_five_reporting_seeds_and_four_rates_for_every_arm():
    for table in load("demo").tables:
        assert len(table.reporting_seeds) == 5
        assert len(table.learning_rates) == 4
        assert len(table.tuning_seeds) == 1


@pytest.mark.slow
def test_a_small_table_runs_with_the_real_trainer_and_again_without_work(tmp_path, capsys):
    settings = {
        "reporting_seeds": [0],
        "learning_rates": [1e-3],
        "tables.norm-placement.train.steps": 2,
    }
    sweep = load("demo", "smoke", settings)
    one = type(sweep)(sweep.name, sweep.title, sweep.preset, sweep.tables[:1])
    # the code may be edited while this runs, which is not what is tested here
    tools = replace(real_tools(), code=lambda spec, device: "code")
    launch = Launch(out=tmp_path / "runs", device="cpu", workers=1, tools=tools)
    first = run_sweep(one, launch, PlainLines())
    assert (first.counts.computed, first.exit_code) == (5, 0)
    again = run_sweep(one, launch, PlainLines())
    assert (again.counts.reused, again.counts.computed) == (5, 0)
    assert "A/A row" in capsys.readouterr().err
