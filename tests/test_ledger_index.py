"""Questions over a ledger, and ledgers put together."""

import json
import os
import time

import pytest

from harness.ledger import Attempt, BadLedger, Ledger, LedgerError, State, merge, query
from harness.ledger.files import write_json


def spec(seed, rate=0.001):
    return {
        "format": 1,
        "seed": seed,
        "salt": "",
        "purpose": "reporting",
        "task": {"kind": "copy"},
        "train": {"learning_rate": rate},
    }


def finish(ledger, seed, loss=1.0, state="done"):
    run = ledger.run_of(spec(seed))
    with Attempt(run.folder, spec(seed), "code") as attempt:
        attempt.finish({"state": state, "steps": 5, "val": {"loss": loss}, "test": {"loss": loss + 1}}, {})
    return run


@pytest.fixture
def ledger(tmp_path):
    return Ledger.create(tmp_path / "runs")


def test_rows_tell_state_seed_rate_and_losses(ledger):
    run = finish(ledger, 3, loss=2.5)
    (row,) = query(ledger)
    assert (row.id, row.seed, row.state, row.loss, row.test_loss) == (run.id, 3, "done", 2.5, 3.5)
    assert (row.task, row.learning_rate, row.step) == ("copy", 0.001, 5)


def test_rows_are_chosen_by_any_field(ledger):
    for seed in range(3):
        finish(ledger, seed, state="diverged" if seed == 2 else "done")
    assert [row.seed for row in query(ledger, state="diverged")] == [2]
    assert [row.seed for row in query(ledger, state="done", seed=1)] == [1]
    with pytest.raises(ValueError, match="unknown field 'sead'"):
        query(ledger, sead=1)


def test_a_row_names_the_sweeps_and_variants_that_use_the_run(ledger):
    run = finish(ledger, 0)
    for name in ("demo", "other"):
        folder = ledger.sweep_folder(name)
        folder.mkdir(parents=True)
        write_json(folder / "plan.json", {})
        write_json(folder / "runs.json", [{"id": run.id, "variant": "pre-ln", "table": "t"}])
    (row,) = query(ledger, sweep="demo", variant="pre-ln")
    assert (row.sweeps, row.variants) == (["demo", "other"], ["pre-ln"])
    assert query(ledger, sweep="third") == []


def test_the_cache_follows_every_change(ledger):
    run = ledger.run_of(spec(0))
    with Attempt(run.folder, spec(0), "code") as attempt:
        assert query(ledger)[0].state == "running"
        attempt.interrupt("stop")
    assert query(ledger)[0].state == "interrupted"
    finish(ledger, 0)
    assert query(ledger)[0].state == "done"
    ledger.set_aside(run)
    assert query(ledger) == []


def test_a_state_of_the_same_instant_is_noticed(ledger):
    run = ledger.run_of(spec(0))
    with Attempt(run.folder, spec(0), "code") as attempt:
        query(ledger)
        then = (run.folder / "state.json").stat().st_mtime_ns
        attempt.interrupt("stop")
    os.utime(run.folder / "state.json", ns=(then, then))
    assert query(ledger)[0].state == "interrupted"


def test_a_cache_that_is_damaged_is_made_anew(ledger):
    finish(ledger, 0)
    query(ledger)
    (ledger.root / "index.json").write_text("{")
    assert len(query(ledger)) == 1


def test_a_run_left_running_by_a_dead_process_shows_as_interrupted(ledger):
    run = ledger.run_of(spec(0))
    with Attempt(run.folder, spec(0), "code"):
        pass
    assert run.noted().state is State.RUNNING
    assert query(ledger)[0].state == "interrupted"


def test_merging_copies_what_is_missing_and_counts(ledger, tmp_path):
    other = Ledger.create(tmp_path / "other")
    for seed in (0, 1):
        finish(other, seed)
    finish(ledger, 0)
    with Attempt(other.run_of(spec(5)).folder, spec(5), "code") as attempt:
        attempt.interrupt("stop")
    counts = merge(ledger, other.root)
    assert (counts.copied, counts.present, counts.replaced, counts.unfinished) == (1, 1, 0, 1)
    assert ledger.run_of(spec(1)).result() == other.run_of(spec(1)).result()
    assert merge(ledger, other.root).copied == 0


def test_a_finished_run_takes_the_place_of_an_unfinished_one(ledger, tmp_path):
    other = Ledger.create(tmp_path / "other")
    finish(other, 0)
    with Attempt(ledger.run_of(spec(0)).folder, spec(0), "code") as attempt:
        attempt.interrupt("stop")
    assert merge(ledger, other.root).replaced == 1
    assert ledger.run_of(spec(0)).status().state is State.DONE


def test_a_conflict_stops_the_merge_before_anything_is_copied(ledger, tmp_path):
    other = Ledger.create(tmp_path / "other")
    for seed in range(4):
        finish(other, seed)
    finish(ledger, 2, loss=9.0)
    with pytest.raises(LedgerError, match=r"finished in both ledgers with different results"):
        merge(ledger, other.root)
    assert len(ledger.ids()) == 1


def test_damaged_or_foreign_ledgers_are_not_merged(ledger, tmp_path):
    other = Ledger.create(tmp_path / "other")
    run = finish(other, 0)
    (run.folder / "spec.json").write_text(json.dumps(spec(1)))
    with pytest.raises(BadLedger, match="was changed"):
        merge(ledger, other.root)
    (other.root / "format").write_text("99")
    with pytest.raises(BadLedger, match="format '99'"):
        merge(ledger, other.root)
    with pytest.raises(LedgerError, match="this ledger itself"):
        merge(ledger, ledger.root)
    assert ledger.ids() == []


def test_a_stray_file_among_the_runs_is_no_run(ledger):
    run = finish(ledger, 0)
    (ledger.root / "store" / "notes.txt").write_text("mine")
    assert [row.id for row in query(ledger)] == ledger.ids() == [run.id]


def test_a_second_question_over_many_runs_reads_no_run_again(ledger, monkeypatch):
    for seed in range(50):
        finish(ledger, seed)
    query(ledger)
    monkeypatch.setattr("harness.ledger.run.Run.spec", lambda run: pytest.fail("a run was read again"))
    assert len(query(ledger)) == 50


def test_times_are_the_ones_the_state_was_written_at(ledger):
    before = time.time()
    finish(ledger, 0)
    assert query(ledger)[0].when[:4] == time.strftime("%Y", time.gmtime(before))
