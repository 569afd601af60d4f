"""Run folders: states, owners, locks, formats and replaced runs."""

import json
import subprocess
import sys

import pytest

from harness.ledger import Attempt, BadLedger, Busy, Ledger, LedgerError, State, StorageFault, run_id
from harness.ledger.lock import Lock, Owner, is_held, read_owner
from harness.ledger.states import check_transition

SPEC = {"format": 1, "seed": 0, "train": {"learning_rate": 0.001}}
RESULT = {"state": "done", "steps": 5, "val": {"loss": 1.0}, "test": None}


@pytest.fixture
def ledger(tmp_path):
    return Ledger.create(tmp_path / "runs")


def holder(path):
    """A process that holds the lock at `path` until its input ends."""
    code = (
        "import sys, pathlib; from harness.ledger.lock import Lock\n"
        "with Lock(pathlib.Path(sys.argv[1]), 'it'): print(1, flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(path)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    process.stdout.readline()
    return process


def end(process, kill=False):
    if kill:
        process.kill()
    process.communicate()


def test_a_ledger_that_another_process_is_making_is_no_strange_folder(tmp_path):
    (tmp_path / "runs" / "store").mkdir(parents=True)
    (tmp_path / "runs" / ".format.e8kbuzqp").write_text("")
    assert Ledger.create(tmp_path / "runs").ids() == []


def test_a_run_goes_from_never_to_done(ledger):
    run = ledger.run_of(SPEC)
    assert run.status().state is State.NEVER
    with Attempt(run.folder, SPEC, "code") as attempt:
        assert run.status().state is State.RUNNING
        attempt.progress(3)
        assert run.status().step == 3
        attempt.finish(RESULT, {"seconds": 1.0})
    assert run.status().state is State.DONE
    assert run.result() == {**RESULT, "id": run.id, "curve": run.curve_digest()}
    assert run.costs() == {"seconds": 1.0, "code_hash": "code", "resumes": 0}
    assert run.spec() == SPEC
    assert run.code_hash() == "code"


def test_a_finished_run_whose_curve_was_damaged_has_no_result(ledger):
    run = ledger.run_of(SPEC)
    with Attempt(run.folder, SPEC, "code") as attempt:
        (run.folder / "metrics.jsonl").write_text('{"step": 1, "train_loss": 2.0}\n')
        attempt.finish(RESULT, {})
    assert run.result() is not None
    (run.folder / "metrics.jsonl").write_text('{"step": 1, "train_loss": 1.0}\n')
    assert run.result() is None
    (run.folder / "metrics.jsonl").unlink()
    assert run.result() is None


def test_a_running_run_without_its_process_is_interrupted(ledger):
    run = ledger.run_of(SPEC)
    attempt = Attempt(run.folder, SPEC, "code").__enter__()
    attempt.progress(7)
    assert run.status().state is State.RUNNING
    attempt._lock.release()
    assert (run.status().state, run.status().step) == (State.INTERRUPTED, 7)


def test_a_second_attempt_counts_as_a_resume_and_keeps_the_step(ledger):
    run = ledger.run_of(SPEC)
    with Attempt(run.folder, SPEC, "code") as attempt:
        attempt.progress(4)
        attempt.interrupt("Ctrl-C")
    with Attempt(run.folder, SPEC, "code") as attempt:
        assert run.status().step == 4
        attempt.finish(RESULT, {})
    assert run.costs()["resumes"] == 1


def test_a_failed_run_keeps_its_traceback_until_it_succeeds(ledger):
    run = ledger.run_of(SPEC)
    with Attempt(run.folder, SPEC, "code") as attempt:
        attempt.fail(State.OOM, "no memory", "")
    assert run.status().state is State.OOM
    assert "no memory" in (run.folder / "traceback.txt").read_text()
    with Attempt(run.folder, SPEC, "code") as attempt:
        attempt.finish(RESULT, {})
    assert not (run.folder / "traceback.txt").exists()


def test_a_finished_run_is_not_begun_again(ledger):
    run = ledger.run_of(SPEC)
    with Attempt(run.folder, SPEC, "code") as attempt:
        attempt.finish(RESULT, {})
    with Attempt(run.folder, SPEC, "code") as attempt:
        assert attempt.finished
    assert run.status().state is State.DONE


def test_a_result_that_is_gone_makes_the_run_unfinished(ledger):
    run = ledger.run_of(SPEC)
    with Attempt(run.folder, SPEC, "code") as attempt:
        attempt.finish(RESULT, {})
    for damaged in ("{", '{"a": 1}', '{"state": "diverged"}'):
        (run.folder / "result.json").write_text(damaged)
        assert run.result() is None


def test_a_spec_that_was_changed_by_hand_is_refused(ledger):
    run = ledger.run_of(SPEC)
    with Attempt(run.folder, SPEC, "code") as attempt:
        attempt.interrupt("stop")
    (run.folder / "spec.json").write_text(json.dumps({**SPEC, "seed": 9}))
    with pytest.raises(BadLedger, match="was changed"):
        run.spec()
    assert run.is_damaged
    assert not ledger.run_of({**SPEC, "seed": 1}).is_damaged


def test_states_follow_each_other_only_where_that_can_happen():
    check_transition(State.RUNNING, State.OOM)
    with pytest.raises(ValueError, match="running cannot follow done; allowed: none"):
        check_transition(State.DONE, State.RUNNING)


def test_the_second_taker_of_a_lock_learns_who_holds_it(tmp_path):
    process = holder(tmp_path / "lock")
    try:
        assert is_held(tmp_path / "lock")
        with pytest.raises(Busy, match=f"sweep 'demo' is in use by process {process.pid} on .* since "):
            Lock(tmp_path / "lock", "sweep 'demo'").acquire()
        assert read_owner(tmp_path / "lock").pid == process.pid
    finally:
        end(process)


def test_a_lock_dies_with_its_process(tmp_path):
    process = holder(tmp_path / "lock")
    end(process, kill=True)
    assert not is_held(tmp_path / "lock")
    with Lock(tmp_path / "lock", "it"):
        assert is_held(tmp_path / "lock")


def test_a_pid_that_came_back_is_another_process():
    here = Owner.here()
    assert here.is_here_and_alive()
    assert not Owner(here.pid, here.host, "1", here.since).is_here_and_alive()


def test_another_format_is_refused_with_both_numbers(ledger):
    (ledger.root / "format").write_text("1\n")
    with pytest.raises(BadLedger, match="format '1'; allowed: 2"):
        Ledger.create(ledger.root)


def test_a_folder_of_other_things_is_no_ledger(tmp_path):
    (tmp_path / "thesis.tex").write_text("")
    with pytest.raises(BadLedger, match=r"holds other files \(thesis.tex\)"):
        Ledger.create(tmp_path)
    with pytest.raises(BadLedger, match="no ledger"):
        Ledger.open(tmp_path)


def test_a_file_where_the_ledger_should_be_is_refused(tmp_path):
    (tmp_path / "runs").write_text("")
    with pytest.raises(BadLedger, match="is a file"):
        Ledger.create(tmp_path / "runs")
    with pytest.raises(StorageFault, match="a file stands where a folder is needed"):
        Ledger.create(tmp_path / "runs" / "deeper")


def test_runs_are_found_by_the_start_of_their_id(ledger):
    run = ledger.run_of(SPEC)
    with Attempt(run.folder, SPEC, "code"):
        pass
    assert ledger.find(run.id[:6]).id == run_id(SPEC)
    with pytest.raises(LedgerError, match=r"no run .* starts with 'zz'"):
        ledger.find("zz")


def test_a_replaced_run_is_kept_beside(ledger):
    run = ledger.run_of(SPEC)
    with Attempt(run.folder, SPEC, "code") as attempt:
        attempt.finish(RESULT, {})
    place = ledger.set_aside(run)
    assert run.status().state is State.NEVER
    assert (place / "result.json").exists()
