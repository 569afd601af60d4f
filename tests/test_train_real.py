"""Real entries on real tasks: each stack trains, resumes bit for bit, and is scored."""

import json
from functools import partial

import pytest
import torch

import catalog
from harness.tasks.registry import build_task, fill_task
from harness.train import Execution, Interrupted, run
from variants import shrink

CASES = {
    "pre-ln": {"kind": "language_modelling", "evaluation_tokens": 2048},
    "transformer": {"kind": "sequence_to_sequence", "evaluation_items": 100},
    "prefix-lm": {"kind": "sequence_to_sequence", "evaluation_items": 100},
    "bert": {"kind": "classification", "evaluation_items": 100},
    "gpt-2": {"kind": "classification", "evaluation_items": 100},
    "transformer-pre-ln": {"kind": "classification", "evaluation_items": 100},
    "rnnsearch": {"kind": "sequence_to_sequence", "evaluation_items": 100},
}


def spec_of(entry, **train):
    task = build_task(CASES[entry])
    settings = {"steps": 12, "batch_size": 16, "learning_rate": 3e-3, "log_every": 5, "eval_every": 6}
    return {
        "format": 1,
        "model": task.adapt(shrink(catalog.resolve(entry))),
        "task": fill_task(CASES[entry]),
        "data": task.digest(),
        "train": {**settings, "divergence_margin": None, "decode_examples": 16, **train},
        "seed": 1,
        "salt": "",
        "purpose": "reporting",
        "executor": "single",
    }


def go(spec, folder, **execution):
    folder.mkdir(exist_ok=True)
    outcome = run(spec, folder, lambda event: None, Execution(device="cpu", keep="last", **execution))
    files = [(folder / name).read_bytes() for name in ("metrics.jsonl", "model.safetensors")]
    return outcome, files


@pytest.mark.parametrize("entry", CASES)
def test_an_entry_trains_on_its_task_and_resumes_bit_for_bit(tmp_path, entry):
    spec = spec_of(entry)
    whole, files = go(spec, tmp_path / "whole")
    assert whole["result"]["val"]["loss"] < whole["result"]["initial_loss"]
    assert whole["result"]["by"]
    cut(spec, tmp_path / "cut", after=7)
    again, again_files = go(spec, tmp_path / "cut")
    assert again["result"] == whole["result"]
    assert again_files == files
    json.dumps(whole, allow_nan=False)


@pytest.mark.parametrize(
    "train",
    [{"compile": True}, {"optimizer": "muon", "ema": 0.9, "accumulate": 2, "label_smoothing": 0.1}],
    ids=["compiled", "muon"],
)
def test_other_ways_of_training_resume_bit_for_bit(tmp_path, monkeypatch, train):
    # what the compiler captured, run as it is: code from inductor takes too long for a test
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="aot_eager"))
    spec = spec_of("pre-ln", **train)
    whole, files = go(spec, tmp_path / "whole")
    cut(spec, tmp_path / "cut", after=3)
    # as in a process of its own
    torch.compiler.reset()
    again, again_files = go(spec, tmp_path / "cut")
    assert (again["result"], again_files) == (whole["result"], files)


def test_a_branch_of_a_trunk_resumes_bit_for_bit(tmp_path):
    train = {"schedule": {"kind": "wsd", "decay": 0.5}, "warmup": 2, "precision": "bf16"}
    whole, files = go(spec_of("pre-ln", **train), tmp_path / "whole")
    trunks = str(tmp_path / "trunks")
    go(spec_of("pre-ln", **train, steps=8), tmp_path / "shorter", trunks=trunks)
    # three steps behind the trunk's four
    cut(spec_of("pre-ln", **train), tmp_path / "cut", after=3, trunks=trunks, step=7)
    again, again_files = go(spec_of("pre-ln", **train), tmp_path / "cut", trunks=trunks)
    assert (again["result"], again_files) == (whole["result"], files)


def cut(spec, folder, after, step=None, **execution):
    """Stop a run after so many steps of this attempt."""
    asked = iter([False] * (after - 1) + [True])
    with pytest.raises(Interrupted, match=f"after step {step or after};"):
        go(spec, folder, stop=lambda: next(asked), **execution)


def test_generations_bring_an_error_rate_to_the_shown_scores(tmp_path):
    spec = spec_of("transformer")
    shown = go(spec, tmp_path / "a")[0]["result"]["shown"]
    assert shown["phoneme_error_rate"] > 0
    without = spec_of("transformer", decode_examples=0)
    assert "phoneme_error_rate" not in go(without, tmp_path / "b")[0]["result"]["shown"]


def test_bf16_stays_near_float32_on_a_real_model(tmp_path):
    losses = [
        go(spec_of("pre-ln", precision=precision), tmp_path / precision)[0]["result"]["val"]["loss"]
        for precision in ("float32", "bf16")
    ]
    # 8 bits of mantissa over 12 steps
    assert losses[0] == pytest.approx(losses[1], abs=0.02)
