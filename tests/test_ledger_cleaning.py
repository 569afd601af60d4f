"""What is removed from a ledger, and what never is."""

import os

import pytest

from harness.ledger import Attempt, Busy, Ledger, LedgerError, discard, merge, remove, waste
from harness.ledger.files import write_json

RESULT = {"state": "done", "steps": 5, "val": {"loss": 1.0}, "test": None}


def spec(seed):
    return {"format": 1, "seed": seed, "train": {"learning_rate": 0.1}}


@pytest.fixture
def ledger(tmp_path):
    """Two finished runs, of which a sweep names the first, and an interrupted one with its checkpoint."""
    ledger = Ledger.create(tmp_path / "runs")
    for seed in range(3):
        with Attempt(ledger.run_of(spec(seed)).folder, spec(seed), "code") as attempt:
            (attempt.run.folder / "checkpoint").mkdir()
            (attempt.run.folder / "checkpoint" / "tensors").write_bytes(bytes(100))
            attempt.interrupt("stop") if seed == 2 else attempt.finish(RESULT, {})
    folder = ledger.sweep_folder("demo")
    folder.mkdir()
    write_json(folder / "plan.json", {})
    write_json(folder / "runs.json", [{"id": ledger.run_of(spec(0)).id, "variant": "a", "table": "t"}])
    return ledger


def test_replaced_runs_trunks_and_litter_go_and_every_result_stays(ledger):
    ledger.set_aside(ledger.run_of(spec(1)))
    (ledger.root / "trunks" / "abc").mkdir(parents=True)
    (ledger.root / "store" / ".half.new").mkdir()
    found = waste(ledger)
    assert sorted(item.why for item in found) == ["a shared trunk", "left by a killed process", "was replaced"]
    assert discard(ledger) == found
    assert sum(item.size for item in found) > 0
    assert waste(ledger) == []
    assert ledger.run_of(spec(0)).result()
    assert (ledger.run_of(spec(2)).folder / "checkpoint" / "tensors").exists()


def test_runs_that_no_sweep_names_go_only_when_asked_for(ledger):
    assert waste(ledger) == []
    discard(ledger, unused=True)
    assert ledger.ids() == [ledger.run_of(spec(0)).id]


def test_nothing_is_taken_away_from_a_sweep_that_is_being_run(ledger, tmp_path):
    other = Ledger.create(tmp_path / "other")
    told = rf"sweep 'demo' in .* is in use by process {os.getpid()} on "
    with ledger.lock_sweep("demo"):
        for work in (
            lambda: discard(ledger, unused=True),
            lambda: remove(ledger, [ledger.run_of(spec(1))]),
            lambda: merge(ledger, other.root),
        ):
            with pytest.raises(Busy, match=told):
                work()
    assert len(ledger.ids()) == 3


def test_a_run_is_removed_unless_a_process_is_at_it(ledger):
    run = ledger.run_of(spec(0))
    with Attempt(run.folder, spec(0), "code"), pytest.raises(Busy, match=f"run {run.id} is in use by process"):
        remove(ledger, [run])
    remove(ledger, [run, run])
    assert run.id not in ledger.ids()
    with pytest.raises(LedgerError, match="is not in this ledger"):
        remove(ledger, [run])
