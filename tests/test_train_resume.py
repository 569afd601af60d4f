"""Exact resume: a run that was killed ends bit for bit as one that was not."""

import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from safetensors.torch import load_file

from harness.ledger.errors import StorageFault
from harness.train import Execution, Interrupted, run
from harness.train.loop import Session
from harness.train.replay import Replay
from train_stand_in import install, spec_of

SPEC = spec_of({"dropout": 0.2}, purpose="reporting", steps=30)
KILLED = """
import os, signal, sys
from pathlib import Path
import pytest
from harness.ledger.errors import StorageFault
from harness.train import Execution, run
from train_stand_in import install
from test_train_resume import SPEC
asked = []
def stop():
    asked.append(1)
    return len(asked) == 11 and os.kill(os.getpid(), signal.SIGKILL)
install(pytest.MonkeyPatch())
run(SPEC, Path(sys.argv[1]), lambda event: None, Execution(device="cpu", checkpoint_every=4, keep="last", stop=stop))
"""


@pytest.fixture(autouse=True)
def stand_ins(monkeypatch):
    install(monkeypatch)


@pytest.fixture
def whole(tmp_path):
    return finish(tmp_path / "whole")


class Crash(Exception):
    pass


def finish(folder, spec=SPEC, **execution):
    """Runs to the end; everything that must be the same, and the events."""
    folder.mkdir(exist_ok=True)
    events = []
    settings = {"device": "cpu", "keep": "last", "checkpoint_every": 4} | execution
    result = run(spec, folder, events.append, Execution(**settings))["result"]
    return (result, (folder / "metrics.jsonl").read_bytes(), (folder / "model.safetensors").read_bytes()), events


def crash(folder, after, **execution):
    """Runs until a crash after so many steps of this attempt."""
    folder.mkdir(exist_ok=True)
    asked = []

    def stop():
        asked.append(1)
        if len(asked) == after:
            raise Crash
        return False

    settings = {"device": "cpu", "keep": "last", "checkpoint_every": 4, "stop": stop} | execution
    with pytest.raises(Crash):
        run(SPEC, folder, lambda event: None, Execution(**settings))


def names(events):
    return [event["event"] for event in events]


@pytest.mark.parametrize("seed", range(4))
def test_a_run_that_crashed_at_random_steps_ends_the_same(tmp_path, whole, seed):
    draw = random.Random(seed)
    for _ in range(3):
        crash(tmp_path / "run", after=draw.randint(1, 9))
    again, events = finish(tmp_path / "run")
    assert again == whole[0]
    assert names(events).count("resumed") <= 1


def test_a_run_that_was_killed_by_the_system_ends_the_same(tmp_path, whole):
    folder = tmp_path / "run"
    folder.mkdir()
    here = Path(__file__).parent
    killed = subprocess.run([sys.executable, "-c", KILLED, str(folder)], cwd=here, capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    again, events = finish(folder)
    assert again == whole[0]
    assert [event["step"] for event in events if event["event"] == "resumed"] == [8]


def test_a_run_that_is_asked_to_stop_goes_on_where_it_stopped(tmp_path, whole):
    folder = tmp_path / "run"
    folder.mkdir()
    asked = iter([False] * 12 + [True])
    with pytest.raises(Interrupted, match="stopped after step 13"):
        run(
            SPEC, folder, lambda event: None, Execution(device="cpu", checkpoint_seconds=None, stop=lambda: next(asked))
        )
    again, events = finish(folder)
    assert again == whole[0]
    assert [event["step"] for event in events if event["event"] == "resumed"] == [13]


def test_what_was_recorded_behind_a_checkpoint_is_written_again_and_compared(tmp_path, whole):
    crash(tmp_path / "run", after=15)
    again, events = finish(tmp_path / "run")
    assert again == whole[0]
    # lines of steps 14 and 15 stood behind the checkpoint of step 12
    assert "replay_mismatch" not in names(events)


def test_a_replay_that_differs_is_told_line_by_line(tmp_path):
    crash(tmp_path / "run", after=15)
    curve = tmp_path / "run" / "metrics.jsonl"
    *kept, last = curve.read_text().splitlines(keepends=True)
    curve.write_text("".join(kept) + last.replace('"train_loss":', '"train_loss":1'))
    events = []
    costs = run(SPEC, tmp_path / "run", events.append, Execution(device="cpu"))["costs"]
    (told,) = [event for event in events if event["event"] == "replay_mismatch"]
    assert told["recorded"]["step"] == told["replayed"]["step"] == 15
    assert costs["replay_mismatches"] == 1


def test_a_restored_model_that_computes_another_loss_is_told(tmp_path, monkeypatch):
    crash(tmp_path / "run", after=5)
    honest = Session.probe
    monkeypatch.setattr(Session, "probe", lambda session: honest(session) + 1e-9)
    _, events = finish(tmp_path / "run")
    (told,) = [event for event in events if event["event"] == "replay_mismatch"]
    assert told["recorded"]["step"] == 4
    assert told["replayed"]["val_loss"] - told["recorded"]["val_loss"] == pytest.approx(1e-9, rel=1e-3)


@pytest.mark.parametrize(
    ("recorded", "restored", "compared", "mismatches"),
    [
        (b'{"a":1}\n{"a":2}\n', b'{"a":1}\n', 1, 0),
        (b'{"a":1}\n{"a":3}\n{"a":', b'{"a":1}\n', 1, 1),
        (b"", b'{"a":1}\n', 0, 0),
        (b'{"a":9}\n', b'{"a":1}\n', 0, 1),
    ],
)
def test_a_replay_passes_over_torn_lines_and_tells_another_beginning(recorded, restored, compared, mismatches):
    replay = Replay(recorded, restored)
    differs = replay.compare({"a": 2}) is not None
    assert (replay.lines, replay.mismatches + differs) == (compared, mismatches)


def test_the_best_weights_survive_a_crash(tmp_path):
    def end(name, crashes):
        if crashes:
            crash(tmp_path / name, after=13, keep="best")
        return finish(tmp_path / name, keep="best")[0]

    assert end("crashed", True) == end("whole", False)


@pytest.mark.parametrize("first", ["none", "best", "last"])
@pytest.mark.parametrize("second", ["none", "best", "last"])
def test_the_rule_of_the_last_attempt_decides_which_weights_are_left(tmp_path, first, second):
    crash(tmp_path / "run", after=15, keep=first)
    events = []
    costs = run(SPEC, tmp_path / "run", events.append, Execution(device="cpu", keep=second))["costs"]
    left = tmp_path / "run" / "model.safetensors"
    assert left.exists() is (second != "none")
    whole = tmp_path / "whole"
    whole.mkdir()
    expected = run(SPEC, whole, lambda event: None, Execution(device="cpu", keep=second))["costs"]["kept"]
    is_late = second == "best" != first
    assert costs["kept"] == (expected | {"since": 12} if is_late else expected)
    assert names(events).count("best_since") == is_late
    assert second == "none" or left.read_bytes() == (whole / "model.safetensors").read_bytes()


@pytest.mark.parametrize("keep", ["none", "last"])
def test_a_run_that_breaks_leaves_no_weights_of_an_earlier_rule(tmp_path, keep):
    spec, folder = spec_of({"poison": 12}, "reporting"), tmp_path
    asked = iter([False] * 7 + [True])
    with pytest.raises(Interrupted):
        run(spec, folder, lambda event: None, Execution(device="cpu", keep="best", stop=lambda: next(asked)))
    assert (folder / "model.safetensors").exists()
    made = run(spec, folder, lambda event: None, Execution(device="cpu", keep=keep))
    assert made["result"]["broken_at"] is not None
    assert (made["costs"]["kept"], (folder / "model.safetensors").exists()) == (None, False)


def test_weights_of_a_beginning_by_other_code_do_not_outlive_it(tmp_path):
    crash(tmp_path, after=14, keep="best", code="old")
    assert (tmp_path / "model.safetensors").exists()
    crash(tmp_path, after=2, keep="best", code="new")
    assert not (tmp_path / "model.safetensors").exists()


@pytest.mark.parametrize("name", ["tensors.safetensors", "checkpoint.json", "metrics.jsonl"])
def test_a_damaged_checkpoint_is_told_and_the_one_before_is_taken(tmp_path, whole, name):
    crash(tmp_path / "run", after=14)
    damage(tmp_path / "run/checkpoint/000000012" / name)
    again, events = finish(tmp_path / "run")
    assert again == whole[0]
    assert [event["step"] for event in events if event["event"] == "resumed"] == [8]
    assert next(e["message"] for e in events if e["event"] == "checkpoint_corrupt").startswith("step 12: ")


def test_without_a_sound_checkpoint_the_run_starts_over(tmp_path, whole):
    crash(tmp_path / "run", after=14)
    for file in (tmp_path / "run/checkpoint").glob("*/checkpoint.json"):
        damage(file)
    again, events = finish(tmp_path / "run")
    assert again == whole[0]
    assert names(events).count("checkpoint_corrupt") == 2
    assert "resumed" not in names(events)


def test_a_checkpoint_that_was_never_finished_is_passed_over(tmp_path, whole):
    crash(tmp_path / "run", after=9)
    (tmp_path / "run/checkpoint/000000008").rename(tmp_path / "run/checkpoint/.part")
    again, events = finish(tmp_path / "run")
    assert again == whole[0]
    assert [event["step"] for event in events if event["event"] == "resumed"] == [4]


def test_a_checkpoint_of_other_code_is_not_taken_up(tmp_path, whole):
    crash(tmp_path / "run", after=9, code="old")
    again, events = finish(tmp_path / "run", code="new")
    assert again == whole[0]
    assert {"event": "checkpoint_of_other_code", "step": 8, "code": "old"} in events


def test_checkpoints_of_an_abandoned_beginning_do_not_outlive_it(tmp_path):
    crash(tmp_path / "run", after=14, code="old")
    crash(tmp_path / "run", after=6, code="new")
    assert [folder.name for folder in (tmp_path / "run/checkpoint").iterdir()] == ["000000004"]


@pytest.mark.parametrize(
    ("model", "train"),
    [
        ({}, {"optimizer": "sgd"}),
        ({}, {"optimizer": "muon"}),
        ({}, {"ema": 0.9, "label_smoothing": 0.1}),
        ({}, {"schedule": "wsd", "accumulate": 2, "clip": None}),
        ({}, {"precision": "bf16", "schedule": "inverse_sqrt"}),
        ({"poison": 22}, {}),
    ],
)
def test_every_way_of_training_resumes_exactly(tmp_path, model, train):
    spec = spec_of({**model, "dropout": 0.1}, "reporting", steps=30, log_every=10, **train)
    assert stripped(spec, tmp_path / "whole", False) == stripped(spec, tmp_path / "interrupted", True)


def test_runs_of_several_budgets_share_their_trunk_and_end_as_they_would_alone(tmp_path):
    def at(steps, trunks, name):
        train = {"schedule": {"kind": "wsd", "decay": 0.4}, "warmup": 3, "steps": steps, "log_every": 4, "ema": 0.9}
        return finish(tmp_path / name, spec_of({"dropout": 0.2}, "reporting", **train), trunks=trunks)

    trunks = str(tmp_path / "trunks")
    alone = {steps: at(steps, None, f"alone{steps}")[0] for steps in (10, 20, 40)}
    shared = {steps: at(steps, trunks, f"shared{steps}") for steps in (10, 20, 40)}
    assert {steps: outcome for steps, (outcome, _) in shared.items()} == alone
    branched = {steps: [e["step"] for e in events if e["event"] == "branched"] for steps, (_, events) in shared.items()}
    assert branched == {10: [], 20: [6], 40: [12]}
    # a shorter one that comes later starts from what is not beyond its branch
    assert [e["step"] for e in at(30, trunks, "later")[1] if e["event"] == "branched"] == [12]


@pytest.mark.parametrize("change", [{"learning_rate": 0.01}, {"warmup": 4}, {"ema": None}, {"batch_size": 4}])
def test_a_run_that_trains_otherwise_has_another_trunk(tmp_path, change):
    train = {"schedule": "wsd", "warmup": 3, "ema": 0.9}
    for name, more in (("first", {}), ("second", {"steps": 30, **change})):
        spec = spec_of(purpose="reporting", **{**train, **more})
        _, events = finish(tmp_path / name, spec, trunks=str(tmp_path / "trunks"))
    assert "branched" not in names(events)


def stripped(spec, folder, interrupted):
    folder.mkdir()
    if interrupted:
        asked = iter([False] * 20 + [True])
        with pytest.raises(Interrupted):
            run(spec, folder, lambda event: None, Execution(device="cpu", stop=lambda: next(asked)))
    result = run(spec, folder, lambda event: None, Execution(device="cpu", keep="last"))["result"]
    weights = folder / "model.safetensors"
    return result, (folder / "metrics.jsonl").read_bytes(), weights.read_bytes() if weights.exists() else None


def test_only_the_last_two_checkpoints_are_kept_as_plain_tensors(tmp_path):
    finish(tmp_path / "run")
    kept = sorted((tmp_path / "run/checkpoint").iterdir())
    assert [folder.name for folder in kept] == ["000000024", "000000028"]
    tensors = load_file(kept[0] / "tensors.safetensors")
    assert tensors["model/gain"].shape == (8,)
    assert tensors["optimizer/gain/exp_avg"].shape == (8,)


def test_a_disk_that_takes_no_checkpoint_is_told_as_such(tmp_path):
    # a file where the folder should be is what a root user cannot write past either
    (tmp_path / "checkpoint").write_text("")
    with pytest.raises(StorageFault, match="a file stands where a folder is needed"):
        run(SPEC, tmp_path, lambda event: None, Execution(device="cpu", checkpoint_every=4))


def damage(file):
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(bytes(content))
