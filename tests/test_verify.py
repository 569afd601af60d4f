"""A run is replayed, its first steps or all of it, and no more is vouched for than was replayed."""

import json
import os

import pytest
import torch

from harness import train
from harness.ledger import Attempt, Busy, Ledger, LedgerError
from harness.ledger.canonical import digest, finite
from harness.ledger.files import append_line
from harness.train import Execution, Interrupted, device, run
from harness.verify import verify
from train_stand_in import install, spec_of

SPEC = spec_of({"dropout": 0.1}, "reporting")


def made_by(ledger, code, spec=SPEC):
    made = ledger.run_of(spec)
    with Attempt(made.folder, spec, code) as attempt:
        outcome = run(spec, made.folder, lambda event: None, Execution(device="cpu"))
        attempt.finish(outcome["result"], outcome["costs"])
    return made


@pytest.fixture
def ledger(tmp_path, monkeypatch):
    install(monkeypatch)
    return Ledger.create(tmp_path / "runs")


@pytest.fixture
def trained(ledger):
    """A run of 20 steps that other code made."""
    return made_by(ledger, "old code")


def rewritten(made, *, place, by=1e-12):
    """Plant another loss in a line of the curve, with digests that fit it, as if other code had made it."""
    lines = made.metrics()
    lines[place]["train_loss" if "train_loss" in lines[place] else "val_loss"] += by
    (made.folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    sealed(made, curve=made.curve_digest())


def sealed(made, **changes):
    record = json.loads((made.folder / "result.json").read_text()) | changes
    record.pop("digest")
    (made.folder / "result.json").write_text(json.dumps({**record, "digest": digest(finite(record))}))


def test_equal_first_steps_are_vouched_for_and_nothing_else(trained):
    found = verify(trained, device="cpu")
    # the validation before the first step, and the first line of training loss
    assert (found.is_equal, found.whole, found.step, found.steps, found.lines) == (True, False, 3, 20, 2)
    assert found.recorded_code == trained.code_hash() == "old code"
    assert trained.begins_as_by(found.code)
    assert not trained.begins_as_by("third code")


def test_a_whole_replay_makes_this_code_the_maker(trained):
    found = verify(trained, None, "cpu")
    assert (found.is_equal, found.whole, found.step, found.lines) == (True, True, 20, len(trained.metrics()))
    assert (found.recorded_code, trained.code_hash()) == ("old code", found.code)
    assert trained.result() is not None


def test_a_replay_that_scores_the_test_split_again_is_told_among_the_events(trained):
    def openings():
        return [event.get("message") for event in trained.events() if event["event"] == "test_opened"]

    before = openings()
    verify(trained, 1, "cpu")
    assert openings() == before
    verify(trained, None, "cpu")
    assert openings() == [*before, "replayed"]


def test_a_run_is_replayed_on_its_own_device(trained, monkeypatch):
    append_line(trained.folder / "events.jsonl", {"event": "device", "device": "elsewhere:1 (a device)"})
    asked = []
    monkeypatch.setattr(device, "choose_device", lambda name: asked.append(name) or torch.device("cpu"))
    assert verify(trained).is_equal
    verify(trained, device="cpu")
    assert asked == ["elsewhere:1", "cpu"]


def test_as_many_steps_are_replayed_as_were_asked_for_up_to_the_next_record(trained):
    assert [verify(trained, steps, "cpu").step for steps in (3, 4, 18, 19)] == [3, 6, 18, 20]


def test_a_replay_has_one_thread_as_a_worker_has(trained, monkeypatch):
    seen, repeat = [], train.repeat
    monkeypatch.setattr(train, "repeat", lambda *given: (seen.append(torch.get_num_threads()), repeat(*given))[1])
    torch.set_num_threads(2)
    try:
        assert verify(trained, device="cpu").is_equal
        assert (seen, torch.get_num_threads()) == ([1], 2)
    finally:
        torch.set_num_threads(1)


def test_other_bits_are_told_and_change_nothing(trained):
    rewritten(trained, place=1)
    found = verify(trained, device="cpu")
    assert not found.is_equal
    assert found.difference.startswith("step 3: train_loss was ")
    assert trained.code_hash() == "old code"
    assert not trained.begins_as_by(found.code)


def test_a_late_fault_is_outside_of_what_the_first_steps_vouch_for_and_found_by_the_whole_replay(trained):
    rewritten(trained, place=-2)
    assert verify(trained, device="cpu").step == 3
    found = verify(trained, None, "cpu")
    assert found.difference.startswith("step 20: train_loss was ")
    assert trained.code_hash() == "old code"


def test_another_evaluation_is_found_by_the_whole_replay(trained):
    sealed(trained, test={"loss": 0.5})
    assert verify(trained, None, "cpu").difference.startswith("the result: test was {'loss': 0.5} and is now ")


@pytest.mark.parametrize("name", ["metrics.jsonl", "result.json"])
def test_records_that_were_changed_after_the_end_are_told_without_a_replay(trained, name):
    path = trained.folder / name
    path.write_text(path.read_text().replace("2", "3"))
    found = verify(trained, device="cpu")
    assert (found.is_equal, found.lines) == (False, 0)
    assert found.difference.startswith("its records were changed after it ended")


def test_a_run_that_broke_off_is_replayed_whole(ledger):
    made = made_by(ledger, "old code", spec_of({"poison": 12}, "reporting"))
    found = verify(made, None, "cpu")
    assert (found.is_equal, found.whole) == (True, True)
    assert found.step == made.result()["broken_at"] < 20


def test_a_run_that_broke_off_before_its_first_line_is_replayed_whole(ledger):
    made = made_by(ledger, "old code", spec_of({"poison": 2}, "reporting"))
    assert not any("train_loss" in line for line in made.metrics())
    found = verify(made, device="cpu")
    assert (found.is_equal, found.whole, found.step) == (True, True, 2)


def test_a_run_at_work_is_refused_by_name(ledger):
    made = ledger.run_of(SPEC)
    with (
        Attempt(made.folder, SPEC, "old code"),
        pytest.raises(Busy, match=f"run {made.id} .* by process {os.getpid()}"),
    ):
        verify(made, device="cpu")


def test_what_an_unfinished_run_recorded_is_replayed_and_not_vouched_for(ledger):
    made, asked = ledger.run_of(SPEC), iter([False] * 8 + [True])
    with Attempt(made.folder, SPEC, "old code") as attempt:
        with pytest.raises(Interrupted):
            run(SPEC, made.folder, lambda event: None, Execution(device="cpu", stop=lambda: next(asked)))
        attempt.interrupt("stop")
    found = verify(made, None, "cpu")
    assert (found.is_equal, found.whole, found.step) == (True, False, 9)
    assert not made.begins_as_by(found.code)


def test_the_command_claims_no_more_than_was_replayed(trained, cli):
    out = trained.folder.parents[1]
    told = cli("runs", "verify", trained.id[:8], "--out", out, "--device", "cpu")
    assert told.code == 0
    assert "steps 1-3 of 20 replayed, bit-equal (2 lines); nothing is known of what comes later" in told.out
    rewritten(trained, place=-2)
    told = cli("runs", "verify", trained.id, "--steps", "all", "--out", out, "--device", "cpu", "--json")
    assert told.code == 1
    assert (told.json[0]["equal"], told.json[0]["whole"]) == (False, True)
    assert cli("runs", "verify", trained.id, "--steps", "none", "--out", out).code == 2


def test_a_run_without_a_curve_cannot_be_verified(ledger):
    made = ledger.run_of(SPEC)
    with Attempt(made.folder, SPEC, "old code") as attempt:
        attempt.interrupt("stop")
    with pytest.raises(LedgerError, match="has recorded no training loss yet"):
        verify(made, device="cpu")
