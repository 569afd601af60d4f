"""Whatever happens on the way, a sweep that is started again ends with the same bytes."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.ledger import Busy, Ledger, State, StorageFault, query, waste
from harness.ledger import files as ledger_files
from harness.sweep import run_sweep
from sweep_stand_ins import TESTS, Heard, deterministic_files, launch, planted, sweep, three_of_each

LAUNCH = """
import sys
from pathlib import Path
from sweep_stand_ins import *
from harness.sweep import run_sweep
try:
    raise SystemExit(run_sweep(globals()[sys.argv[2]](), launch(Path(sys.argv[1]))).exit_code)
except KeyboardInterrupt:
    raise SystemExit(130)
except ValueError as error:
    print(error)
    raise SystemExit(error.exit_code)
"""


def start(out, pause=0.004, which="sweep"):
    environment = {**os.environ, "PYTHONPATH": TESTS, "FAKE_SECONDS_PER_STEP": str(pause)}
    command = [sys.executable, "-c", LAUNCH, str(out), which]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def until(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


def workers_of(process):
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return [int(pid) for pid in children]


def runs_in(out):
    return query(Ledger.open(out)) if (out / "format").exists() else []


def states_left(out):
    """The states after a stop; a run that was never begun holds its spec alone, and what a killed write left."""
    ledger = Ledger.open(out)
    rows = query(ledger)
    assert {row.state for row in rows} <= {"never", "done", "interrupted"}
    for row in rows:
        held = {path.name for path in ledger.run(row.id).folder.iterdir() if not path.name.startswith(".")}
        assert row.state != "never" or held <= {"spec.json", "lock"}, held
    return {row.state for row in rows}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The records of a sweep that nothing happened to."""
    out = tmp_path_factory.mktemp("whole") / "runs"
    run_sweep(sweep(), launch(out), Heard())
    return deterministic_files(out)


def launches(out):
    path = out / "sweeps" / "made-up" / "events.jsonl"
    return path.read_text().count('"launched"') if path.exists() else 0


def happened(out):
    """How often a run has begun, gone on or ended."""
    return sum(path.read_text().count("\n") for path in out.glob("store/*/events.jsonl"))


@pytest.mark.slow
def test_three_variants_rates_and_seeds_killed_at_ten_random_moments_end_with_the_same_bytes(tmp_path):
    run_sweep(three_of_each(), launch(tmp_path / "whole"), Heard())
    whole = deterministic_files(tmp_path / "whole")
    out, chance = tmp_path / "runs", random.Random(7)
    for kill in range(10):
        before, more = happened(out), chance.randint(0, 4)
        process = start(out, pause=0.01, which="three_of_each")
        # a moment by what was done until then, which is as random on a machine that is busy
        until(lambda number=kill, least=before + more: launches(out) > number and happened(out) >= least)
        time.sleep(chance.uniform(0, 0.1))
        assert process.poll() is None
        process.kill()
        process.communicate()
    assert deterministic_files(out) != whole
    # no finished run of a sweep that was killed is taken for one that nobody needs
    assert [item.why for item in waste(Ledger.open(out), unused=True) if item.why == "no sweep names it"] == []
    process = start(out, pause=0, which="three_of_each")
    process.communicate()
    assert process.returncode == 0
    assert deterministic_files(out) == whole
    resumes = [Ledger.open(out).run(row.id).costs()["resumes"] for row in query(Ledger.open(out))]
    assert len(resumes) == 21
    assert max(resumes) > 0


def test_a_dead_worker_is_replaced_and_the_bytes_stay_the_same(tmp_path, whole):
    out = tmp_path / "runs"
    process = start(out)
    until(lambda: len(runs_in(out)) > 3)
    os.kill(workers_of(process)[0], signal.SIGKILL)
    process.communicate()
    assert process.returncode == 0
    assert deterministic_files(out) == whole


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_marks_what_ran_as_interrupted_and_it_goes_on(tmp_path, whole, number):
    out = tmp_path / "runs"
    process = start(out, pause=0.05)
    until(lambda: len(runs_in(out)) > 1)
    time.sleep(0.2)
    process.send_signal(number)
    process.communicate(timeout=20)
    assert process.returncode == 130
    states_left(out)
    rows = query(Ledger.open(out))
    assert any(row.state == "interrupted" and row.step > 0 for row in rows)
    run_sweep(sweep(), launch(out), Heard())
    assert deterministic_files(out) == whole
    resumes = [Ledger.open(out).run(row.id).costs()["resumes"] for row in query(Ledger.open(out))]
    assert max(resumes) == 1


def test_the_second_launch_gets_one_line_and_the_first_is_untouched(tmp_path, whole):
    out = tmp_path / "runs"
    first = start(out)
    until(lambda: len(runs_in(out)) > 0)
    second = start(out)
    told, _ = second.communicate()
    assert second.returncode == 3
    assert told.count("\n") == 1
    assert f"sweep 'made-up' in {out} is in use by process {first.pid}" in told
    first.communicate()
    assert first.returncode == 0
    assert deterministic_files(out) == whole


def test_two_sweeps_of_one_ledger_share_a_run_without_making_it_twice(tmp_path):
    out = tmp_path / "runs"
    first = start(out)
    until(lambda: len(runs_in(out)) > 0)
    other = sweep()
    outcome = run_sweep(type(other)("other", other.title, other.preset, other.tables), launch(out), Heard())
    first.communicate()
    assert (first.returncode, outcome.exit_code) == (0, 0)
    ledger = Ledger.open(out)
    starts = [sum(e["event"] == "running" for e in ledger.run(row.id).events()) for row in query(ledger)]
    assert starts == [1] * 31


def test_a_full_disk_under_a_worker_stops_the_sweep_and_loses_nothing(tmp_path):
    out = tmp_path / "runs"
    with pytest.raises(StorageFault, match=r"the disk is full; free some space, then run the same command again"):
        run_sweep(planted("disk"), launch(out), Heard())
    assert "done" in states_left(out)


def test_a_full_disk_under_the_sweep_itself_loses_nothing(tmp_path, monkeypatch, whole):
    out, written = tmp_path / "runs", []
    honest = os.fsync

    def fill_up(descriptor):
        written.append(descriptor)
        if len(written) > 9:
            raise OSError(28, "No space left on device")
        honest(descriptor)

    monkeypatch.setattr(ledger_files.os, "fsync", fill_up)
    with pytest.raises(StorageFault, match="the disk is full"):
        run_sweep(sweep(), launch(out), Heard())
    monkeypatch.setattr(ledger_files.os, "fsync", honest)
    states_left(out)
    run_sweep(sweep(), launch(out), Heard())
    assert deterministic_files(out) == whole


def test_a_read_only_folder_is_refused_before_anything_runs(tmp_path, monkeypatch):
    def refuse(self, *arguments, **options):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(Path, "mkdir", refuse)
    heard = Heard()
    with pytest.raises(StorageFault, match="read-only; choose another folder"):
        run_sweep(sweep(), launch(tmp_path / "runs"), heard)
    assert heard.order == []


def test_a_lock_that_a_dead_launch_left_is_no_hindrance(tmp_path):
    out = tmp_path / "runs"
    process = start(out)
    until(lambda: len(runs_in(out)) > 0)
    process.kill()
    process.communicate()
    ledger = Ledger.open(out)
    assert (ledger.sweep_folder("made-up") / "lock").exists()
    try:
        with ledger.lock_sweep("made-up"):
            # the workers notice the end of their parent a moment later
            until(lambda: all(row.state != State.RUNNING for row in query(ledger)))
    except Busy:
        pytest.fail("the lock outlived its process")
