"""Pretraining, then fine-tuning: what is copied, what starts fresh and is named, and that a kill changes nothing."""

import json
from dataclasses import replace
from functools import cache

import pytest
import torch

from catalog import resolve
from catalog.errors import CatalogError
from harness.init_from import start_of
from harness.plan import build_plan
from harness.plantools import real_tools
from harness.records import tuning_runs
from harness.sweepfile import assemble
from harness.tasks.registry import build_task, fill_task
from harness.tasks.task import Side
from harness.train import Execution, Interrupted, run
from harness.train.transfer import transfer
from harness.train.weights import tensors_of
from variants import build_model

SMALL = {"d_model": 16, "n_layers": 1, "n_heads": 2, "d_ff": 32}
PRE = {"kind": "masked_language_modelling", "data": "wordnet", "context_length": 16, "evaluation_tokens": 256}
FINE = {"kind": "classification", "unit": "byte", "length": 24, "evaluation_items": 40}
TRAIN = {"steps": 4, "batch_size": 4, "learning_rate": 0.01}


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
    start = {"task": fill_task(PRE), "data": task("pre").digest(), "model": spec("pre"), "train": TRAIN}
    return {
        "model": spec("fine"),
        "task": fill_task(FINE),
        "data": task("fine").digest(),
        "train": {**TRAIN, "steps": 3, "log_every": 1, "divergence_margin": None},
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


def test_a_run_starts_from_what_it_was_pretrained_to_and_its_rivals_share_that(tmp_path):
    trunks = tmp_path / "trunks"
    result, curve, events = made(tmp_path / "a", run_of(), trunks)
    told = [event for event in events if event["event"] == "init_from"]
    assert told[0]["fresh"][0] == "encoder.positions.0.table.weight"
    (weights,) = trunks.glob("*.safetensors")
    stamp = weights.stat().st_mtime_ns
    train = {**run_of()["train"], "learning_rate": 0.02}
    made(tmp_path / "b", run_of(train=train), trunks)
    assert [path.stat().st_mtime_ns for path in trunks.glob("*.safetensors")] == [stamp]
    scratch = run_of()
    del scratch["init_from"]
    assert made(tmp_path / "c", scratch)[0]["val"] != result["val"]
    assert made(tmp_path / "d", run_of(), None)[1] == curve
    made(tmp_path / "e", run_of(seed=1), trunks)
    assert len(list(trunks.glob("*.safetensors"))) == 2


@pytest.mark.parametrize("after", [2, 6])
def test_a_run_that_is_stopped_in_either_half_ends_the_same(tmp_path, after):
    whole = made(tmp_path / "whole", run_of(), tmp_path / "one")
    steps = iter(range(100))
    with pytest.raises(Interrupted):
        made(tmp_path / "cut", run_of(), tmp_path / "two", stop=lambda: next(steps) + 1 >= after)
    again = made(tmp_path / "cut", run_of(), tmp_path / "two")
    assert again[:2] == whole[:2]


def test_damaged_pretrained_weights_are_made_anew(tmp_path):
    trunks = tmp_path / "trunks"
    result, curve, _ = made(tmp_path / "a", run_of(), trunks)
    (weights,) = trunks.glob("*.safetensors")
    whole = weights.read_bytes()
    weights.write_bytes(whole[:100])
    again, curve_again, events = made(tmp_path / "b", run_of(), trunks)
    assert any(event["event"] == "pretrained_corrupt" for event in events)
    assert curve_again == curve
    assert again == result
    assert weights.read_bytes() == whole


def sweep(**variants):
    document = {
        "name": "two",
        "tables": {"t": {"task": FINE, "variants": variants, "train": {"steps": 3, "batch_size": 4}}},
        "learning_rates": [0.01, 0.02],
        "tuning_seeds": [9],
        "reporting_seeds": [0],
        "size": SMALL,
    }
    return assemble(json.loads(json.dumps(document)))


def tools():
    return replace(real_tools(), certify=lambda spec, entry: [])


def test_one_entry_from_scratch_and_pretrained_is_a_comparison():
    start = {"task": PRE, "train": TRAIN}
    entry = {"entry": "pre-ln-encoder"}
    table = build_plan(sweep(scratch=entry, pretrained={**entry, "init_from": start}), tools=tools())["tables"][0]
    scratch, pretrained = (table["variants"][name] for name in ("scratch", "pretrained"))
    assert "init_from" not in scratch
    assert pretrained["init_from"]["model"]["head"]["kind"] == "lm"
    assert scratch["code_hash"] != pretrained["code_hash"]
    assert table["notes"] == [
        "pretrained: pretrained on masked_language_modelling, 4 steps for each seed, which no estimate counts; "
        "fresh, in whole or part: encoder.positions.0.table.weight, head.project.weight, head.project.bias"
    ]
    (one, _), (other, _) = tuning_runs(table, "scratch"), tuning_runs(table, "pretrained")
    assert one.id != other.id
    assert other.spec["init_from"]["task"]["kind"] == "masked_language_modelling"


@pytest.mark.parametrize(
    ("start", "message"),
    [
        ({"task": PRE}, r"init_from: names a task and how it is trained \(got task; allowed: task, train, both\)"),
        ({"task": PRE, "train": {"steps": 3}}, r"init_from.train.learning_rate: must be given"),
        ({"task": {**PRE, "kind": "language_modelling"}, "train": TRAIN}, "no exact loss for the encoder stack"),
        ({"task": {**PRE, "shar": 1}, "train": TRAIN}, "did you mean share"),
    ],
)
def test_a_start_that_cannot_be_is_refused(start, message):
    with pytest.raises((CatalogError, ValueError), match=message):
        start_of(start, spec("fine"), {"kind": "lm", "tied": True}, task("fine"), tools())
