"""A run's first steps are replayed: equal bits clear the mark of other code, and other bits are told."""

import json

import pytest

from harness.ledger import Attempt, Ledger, LedgerError
from harness.train import Execution, run
from harness.verify import verify
from train_stand_in import install, spec_of


@pytest.fixture
def trained(tmp_path, monkeypatch):
    """A run of 20 steps that other code made."""
    install(monkeypatch)
    spec = spec_of({"dropout": 0.1})
    made = Ledger.create(tmp_path / "runs").run_of(spec)
    with Attempt(made.folder, spec, "old code") as attempt:
        outcome = run(spec, made.folder, lambda event: None, Execution(device="cpu"))
        attempt.finish(outcome["result"], outcome["costs"])
    return made


def test_equal_bits_make_this_code_the_maker(trained):
    found = verify(trained, "cpu")
    # the validation before the first step, and the first line of training loss
    assert (found.is_equal, found.step, found.steps, found.lines) == (True, 3, 20, 2)
    assert found.recorded_code == "old code"
    assert trained.code_hash() == found.code != "old code"
    assert trained.result() is not None


def test_other_bits_are_told_and_change_nothing(trained):
    lines = [json.loads(line) for line in (trained.folder / "metrics.jsonl").read_text().splitlines()]
    lines[1]["train_loss"] += 1e-12
    (trained.folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    found = verify(trained, "cpu")
    assert not found.is_equal
    assert found.difference.startswith("step 3: train_loss was ")
    assert trained.code_hash() == "old code"


def test_a_run_without_a_curve_cannot_be_verified(trained):
    (trained.folder / "metrics.jsonl").unlink()
    with pytest.raises(LedgerError, match="has recorded no training loss yet"):
        verify(trained, "cpu")
