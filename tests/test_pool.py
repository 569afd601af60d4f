"""Worker processes: what they report, how they die, and that they never outlive their parent."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.ledger import Ledger, State
from harness.ledger.run import create
from harness.pool import EARLY_KILLS, Job, Pool, Settings, WorkerFault

TESTS = str(Path(__file__).parent)


def settings(size=1, runner="fake_trainer:run"):
    return Settings(size, runner=runner, environments=[{"PYTHONPATH": TESTS}])


def job(ledger, seed=0, plant=None, steps=10):
    spec = {
        "model": {"floor": 1.0, "plant": plant},
        "train": {"learning_rate": 0.01, "steps": steps},
        "seed": seed,
        "salt": "",
        "purpose": "tuning",
    }
    run = ledger.run_of(spec)
    return Job(run.id, str(run.folder), spec, "code", {})


@pytest.fixture
def ledger(tmp_path):
    return Ledger.create(tmp_path / "runs")


@pytest.fixture
def pool():
    with Pool(settings()) as pool:
        yield pool


def begin(pool, task):
    """Hand a run over as soon as a worker is free."""
    while not pool.free:
        pool.wait(20)
    pool.start(task)


def last(pool, seconds=20):
    """The report that ends the run at work."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for report in pool.wait(seconds):
            if report.what != "progress":
                return report
    pytest.fail("no report came")


def alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def wait_until(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def test_a_worker_does_one_run_after_the_other_in_one_process(ledger, pool):
    pids = pool.pids
    for seed in range(3):
        begin(pool, job(ledger, seed))
        assert last(pool).state == State.DONE
    assert pool.pids == pids
    assert all(ledger.run(identity).result() for identity in ledger.ids())


def test_progress_carries_step_and_loss(ledger, pool):
    begin(pool, job(ledger))
    reports = []
    while not reports:
        reports = [report for report in pool.wait(20) if report.what == "progress"]
    assert {"step", "steps", "train_loss"} <= set(reports[0].event)


def test_a_run_that_is_finished_is_not_made_again(ledger, pool):
    begin(pool, job(ledger))
    last(pool)
    before = (ledger.run(ledger.ids()[0]).folder / "result.json").stat().st_mtime_ns
    begin(pool, job(ledger))
    assert last(pool).state == State.DONE
    assert (ledger.run(ledger.ids()[0]).folder / "result.json").stat().st_mtime_ns == before


@pytest.mark.parametrize(("plant", "state"), [("crash", State.ERROR), ("oom", State.OOM), ("nan", State.DIVERGED)])
def test_a_planted_fault_gets_its_state_and_the_next_run_a_whole_worker(ledger, pool, plant, state):
    task = job(ledger, plant=plant)
    begin(pool, task)
    assert last(pool).state == state
    assert ledger.run(task.id).status().state is state
    assert (ledger.run(task.id).folder / "traceback.txt").exists() is state.failed
    begin(pool, job(ledger, seed=1))
    assert last(pool).state == State.DONE


def test_a_killed_worker_is_reported_and_replaced(ledger, pool):
    task = job(ledger, plant="kill")
    begin(pool, task)
    report = last(pool)
    assert (report.what, report.exit_code, report.job) == ("died", -signal.SIGKILL, task)
    assert ledger.run(task.id).status().state is State.INTERRUPTED
    begin(pool, job(ledger, seed=1))
    assert last(pool).state == State.DONE


def test_a_full_disk_is_told_and_leaves_the_run_interrupted(ledger, pool):
    task = job(ledger, plant="disk")
    begin(pool, task)
    report = last(pool)
    assert report.what == "storage"
    assert "the disk is full" in report.text
    assert ledger.run(task.id).status().state is State.INTERRUPTED


def test_stopping_marks_the_run_interrupted_and_it_goes_on_from_there(ledger):
    task = job(ledger, plant="slow", steps=40)
    with Pool(settings()) as pool:
        begin(pool, task)
        wait_until(lambda: (Path(task.folder) / "is_slow").exists())
        (report,) = [report for report in pool.stop() if report.what == "ended"]
    assert report.state == State.INTERRUPTED
    assert ledger.run(task.id).status().step == 20
    with Pool(settings()) as pool:
        begin(pool, task)
        assert last(pool).state == State.DONE
    run = ledger.run(task.id)
    assert [line["step"] for line in run.metrics()] == list(range(1, 41))
    assert {"event": "resumed", "step": 20}.items() <= run.events()[-2].items()
    assert run.costs()["resumes"] == 1


def test_stopping_does_not_wait_for_a_run_that_has_told_of_no_step(ledger):
    task = job(ledger, plant="loads_long")
    with Pool(settings()) as pool:
        begin(pool, task)
        wait_until(lambda: (Path(task.folder) / "is_loading").exists())
        (report,) = pool.stop()
    assert (report.what, report.exit_code) == ("died", -signal.SIGKILL)
    assert ledger.run(task.id).status().state is State.INTERRUPTED


def test_a_checkpoint_that_cannot_be_read_is_put_aside_and_the_run_starts_over(ledger, pool):
    task = job(ledger)
    folder = Path(task.folder)
    create(folder, task.spec)
    (folder / "checkpoint").mkdir()
    (folder / "checkpoint" / "state.json").write_text("torn")
    begin(pool, task)
    assert last(pool).state == State.DONE
    assert len(ledger.run(task.id).metrics()) == 10
    assert "started_over" in [event["event"] for event in ledger.run(task.id).events()]


def test_a_run_at_work_elsewhere_is_busy(ledger):
    task = job(ledger, plant="slow", steps=40)
    with Pool(settings(size=2)) as pool:
        begin(pool, task)
        wait_until(lambda: (Path(task.folder) / "is_slow").exists())
        begin(pool, task)
        assert last(pool).what == "busy"
        assert last(pool).state == State.DONE


def kill_all_that_start(pool):
    for _ in range(10 * EARLY_KILLS):
        os.kill(pool.pids[0], signal.SIGKILL)
        pool.wait(20)


def test_workers_that_are_killed_while_they_start_are_replaced_a_few_times(ledger):
    with Pool(settings()) as pool:
        for _ in range(EARLY_KILLS):
            os.kill(pool.pids[0], signal.SIGKILL)
            assert pool.wait(20) == []
        begin(pool, job(ledger))
        assert last(pool).state == State.DONE
    with Pool(settings()) as pool, pytest.raises(WorkerFault, match="cannot start"):
        kill_all_that_start(pool)


def test_a_worker_that_cannot_start_says_why():
    with Pool(settings(runner="no_such_module:run")) as pool, pytest.raises(WorkerFault, match="no_such_module"):
        pool.wait(20)


def test_workers_die_with_their_parent_even_in_the_middle_of_a_run(ledger, tmp_path):
    code = (
        "import sys, json; from test_pool import *; "
        f"ledger = Ledger.create(Path({str(ledger.root)!r})); pool = Pool(settings(size=2)); "
        "begin(pool, job(ledger, plant='slow', steps=10**6)); print(*pool.pids, flush=True); time.sleep(60)"
    )
    environment = {**os.environ, "PYTHONPATH": TESTS}
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=environment)
    pids = [int(pid) for pid in parent.stdout.readline().split()]
    wait_until(lambda: ledger.ids() and ledger.run(ledger.ids()[0]).status().state is State.RUNNING)
    assert all(alive(pid) for pid in pids)
    parent.kill()
    parent.communicate()
    wait_until(lambda: not any(alive(pid) for pid in pids))
    assert ledger.run(ledger.ids()[0]).status().state is State.INTERRUPTED
