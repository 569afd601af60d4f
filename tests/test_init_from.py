"""Pretraining, then fine-tuning: what is copied, what starts fresh and is named, and that a kill changes nothing."""

import re
from functools import cache

import pytest
import torch

from catalog import resolve
from harness.ledger.lock import Lock
from harness.tasks.registry import build_task, fill_task
from harness.tasks.task import Side
from harness.train import Execution, Interrupted, run
from harness.train.transfer import transfer
from harness.train.weights import tensors_of
from variants import build_model

SMALL = {"d_model": 16, "n_layers": 1, "n_heads": 2, "d_ff": 32}
PRE = {"kind": "masked_language_modelling", "data": "wordnet", "context_length": 16, "evaluation_tokens": 256}
FINE = {"kind": "classification", "unit": "byte", "length": 24, "evaluation_items": 40}
TRAIN = {"steps": 4, "batch_size": 4, "divergence_margin": None}
RATE = 0.01


@cache
def task(name):
    return build_task({"pre": PRE, "fine": FINE, "words": {**FINE, "unit": "word"}}[name])


@cache
def spec(name):
    return task(name).adapt(resolve("pre-ln-encoder", None, SMALL))


def moved(old, new):
    """Tensors of a model of `old`, those of one of `new` after the transfer, and the names that start fresh."""
    given = tensors_of(build_model(spec(old), seed=1))
    model = build_model(spec(new), seed=2)
    before = {name: tensor.clone() for name, tensor in tensors_of(model).items()}
    fresh = transfer(model, given, Side(spec(old), task(old).token_ids), Side(spec(new), task(new).token_ids))
    return given, before, tensors_of(model), fresh


def test_blocks_and_rows_of_the_same_tokens_are_copied_and_the_head_starts_fresh():
    given, before, after, fresh = moved("pre", "fine")
    assert fresh == ["encoder.positions.0.table.weight", "head.project.weight", "head.project.bias"]
    table, positions = "embedding.table.weight", "encoder.positions.0.table.weight"
    assert torch.equal(after[table], given[table][:260])
    assert given[table].shape[0] == 261  # the mask has no place in classification
    assert torch.equal(after[positions][:16], given[positions])
    assert torch.equal(after[positions][16:], before[positions][16:])
    rest = set(after) - {table, *fresh}
    assert rest
    assert all(torch.equal(after[name], given[name]) for name in rest)


def test_ids_that_mean_other_tokens_take_nothing_over():
    _, before, after, fresh = moved("pre", "words")
    assert "embedding.table.weight" in fresh
    assert torch.equal(after["embedding.table.weight"], before["embedding.table.weight"])


def test_ids_that_start_elsewhere_are_laid_on_their_tokens():
    language = build_task({"kind": "language_modelling", "data": "wordnet", "context_length": 16})
    decoder = resolve("pre-ln", None, SMALL)
    old, new = language.adapt(decoder), task("fine").adapt(decoder)
    given, model = tensors_of(build_model(old, seed=1)), build_model(new, seed=2)
    transfer(model, given, Side(old, language.token_ids), Side(new, task("fine").token_ids))
    table = "embedding.table.weight"
    assert torch.equal(tensors_of(model)[table][4:260], given[table])


def run_of(**changes):
    start = {
        "task": fill_task(PRE),
        "data": task("pre").digest(),
        "model": spec("pre"),
        "train": TRAIN,
        "learning_rates": [RATE],
        "tuning_seeds": [0],
    }
    return {
        "model": spec("fine"),
        "task": fill_task(FINE),
        "data": task("fine").digest(),
        "train": {**TRAIN, "learning_rate": RATE, "steps": 3, "log_every": 1},
        "seed": 0,
        "salt": "",
        "purpose": "tuning",
        "init_from": start,
        **changes,
    }


def made(folder, spec, trunks=None, stop=None):
    events = []
    folder.mkdir(exist_ok=True)
    outcome = run(spec, folder, events.append, Execution(device="cpu", trunks=trunks and str(trunks), stop=stop))
    return outcome["result"], (folder / "metrics.jsonl").read_bytes(), [event for event in events if "event" in event]


def pretrained(trunks):
    """When the end of each pretraining was written, by name."""
    return {end.parts[-4]: end.stat().st_mtime_ns for end in trunks.glob("*/end/checkpoint/*")}


def test_a_run_starts_from_what_it_was_pretrained_to_and_its_rivals_share_that(tmp_path):
    trunks = tmp_path / "trunks"
    result, curve, events = made(tmp_path / "a", run_of(), trunks)
    told = [event for event in events if event["event"] == "init_from"]
    assert told[0]["fresh"][0] == "encoder.positions.0.table.weight"
    stamps = pretrained(trunks)
    assert len(stamps) == 1
    train = {**run_of()["train"], "learning_rate": 0.02}
    made(tmp_path / "b", run_of(train=train), trunks)
    assert pretrained(trunks) == stamps
    scratch = run_of()
    del scratch["init_from"]
    assert made(tmp_path / "c", scratch)[0]["val"] != result["val"]
    assert made(tmp_path / "d", run_of(), None)[1] == curve
    made(tmp_path / "e", run_of(seed=1), trunks)
    assert len(pretrained(trunks)) == 2


def with_rates(*rates, **changes):
    return run_of(init_from={**run_of()["init_from"], "learning_rates": list(rates), "tuning_seeds": [7]}, **changes)


def test_the_rate_of_a_pretraining_is_that_of_the_lowest_loss_at_the_tuning_seeds(tmp_path):
    trunks = tmp_path / "trunks"
    result, curve, _ = made(tmp_path / "a", with_rates(0.03, 0.01, 1e-5, seed=7), trunks)
    told = result["pretraining"]
    assert [point["learning_rate"] for point in told["curve"]] == [1e-5, 0.01, 0.03]
    losses = {point["learning_rate"]: point["loss"] for point in told["curve"]}
    assert told["learning_rate"] == min(losses, key=losses.get) != 1e-5
    assert len(pretrained(trunks)) == 3
    # at another seed the choice is the same, and only its own pretraining is new
    other, _, _ = made(tmp_path / "b", with_rates(0.03, 0.01, 1e-5, seed=8), trunks)
    assert {**other["pretraining"], "loss": 0} == {**told, "loss": 0}
    assert other["pretraining"]["loss"] != told["loss"]  # of the pretraining at its own seed
    assert len(pretrained(trunks)) == 4
    best = made(tmp_path / "c", with_rates(told["learning_rate"], seed=7), trunks)
    assert best[1] == curve


def test_a_pretraining_that_never_ends_well_is_the_worst_there_is(tmp_path):
    result, _, _ = made(tmp_path / "a", with_rates(1e30, 0.01))
    assert result["pretraining"]["learning_rate"] == 0.01
    assert [point["loss"] is None for point in result["pretraining"]["curve"]] == [False, True]
    assert isinstance(result["pretraining"]["loss"], float)
    (tmp_path / "b").mkdir()
    lost = run(with_rates(1e30), tmp_path / "b", lambda event: None, Execution(device="cpu"))["result"]
    assert (lost["state"], lost["broken_at"]) == ("diverged", 0)


def test_who_needs_what_another_makes_waits_and_stops_when_asked(tmp_path):
    trunks = tmp_path / "trunks"
    made(tmp_path / "a", run_of(), trunks)
    (folder,) = trunks.iterdir()
    asked = iter(range(100))
    with Lock(folder / "lock", "it"), pytest.raises(Interrupted):
        made(tmp_path / "b", run_of(), trunks, stop=lambda: next(asked) >= 0)


def test_what_fails_in_pretraining_says_so_and_is_made_at_the_next_try(tmp_path, monkeypatch):
    whole, _, _ = made(tmp_path / "a", run_of())

    def broken(*_, **__):
        raise MemoryError("out of memory")

    with monkeypatch.context() as patch:
        patch.setattr("harness.train.trainer.Trainer.step", broken)
        with pytest.raises(MemoryError) as caught:
            made(tmp_path / "b", run_of())
    (note,) = caught.value.__notes__
    assert re.fullmatch(r"in pretraining [0-9a-f]{16}, on masked_language_modelling", note)
    assert made(tmp_path / "b", run_of())[0] == whole


@pytest.mark.parametrize(("after", "own_steps"), [(2, 0), (6, 2)])
def test_a_run_that_is_stopped_in_either_half_tells_its_own_steps_and_ends_the_same(tmp_path, after, own_steps):
    whole = made(tmp_path / "whole", run_of(), tmp_path / "one")
    steps = iter(range(100))
    with pytest.raises(Interrupted) as stopped:
        made(tmp_path / "cut", run_of(), tmp_path / "two", stop=lambda: next(steps) + 1 >= after)
    assert stopped.value.step == own_steps
    again = made(tmp_path / "cut", run_of(), tmp_path / "two")
    assert again[:2] == whole[:2]


def test_damaged_pretrained_weights_are_made_anew(tmp_path):
    trunks = tmp_path / "trunks"
    result, curve, _ = made(tmp_path / "a", run_of(), trunks)
    (weights,) = trunks.glob("*/end/checkpoint/*/tensors.safetensors")
    whole = weights.read_bytes()
    weights.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    again, curve_again, events = made(tmp_path / "b", run_of(), trunks)
    assert any(event["event"] == "pretrained_corrupt" for event in events)
    assert curve_again == curve
    assert again == result
    assert weights.read_bytes() == whole
