"""The memory that training takes, counted without computing."""

import pytest

from catalog import resolve
from harness.tasks.registry import build_task, fill_task
from harness.train import memory
from harness.train.memory import training_bytes
from harness.train.options import fill
from variants import build_model, count_parameters, shrink

TASK = fill_task({"kind": "copy"})
TRAIN = {"steps": 3, "batch_size": 8, "learning_rate": 0.01}


def spec_of(entry):
    return build_task(TASK).adapt(shrink(resolve(entry, None, {})))


def counted(entry="pre-ln", **train):
    return training_bytes(spec_of(entry), TASK, fill({**TRAIN, **train}))


@pytest.mark.parametrize("train", [{}, {"optimizer": "muon"}, {"precision": "bf16", "accumulate": 2}])
def test_what_is_counted_without_values_is_what_a_real_step_keeps(monkeypatch, train):
    run = {"model": spec_of("pre-ln"), "task": TASK, "train": fill({**TRAIN, **train})}
    real = memory._step_bytes(run, build_model(run["model"]))
    monkeypatch.setattr(memory, "build_model", lambda spec: pytest.fail("first values were computed"))
    assert counted(**train) == real


def test_an_average_is_counted_in_silence(recwarn, capfd):
    counted(ema=0.9)
    assert (list(recwarn), capfd.readouterr().err) == ([], "")


def test_optimizers_averages_and_parts_of_a_batch_cost_what_they_hold():
    weights = 4 * count_parameters(spec_of("pre-ln"))["total"]
    sgd, adamw = counted(optimizer="sgd"), counted()
    # AdamW holds two moments where SGD holds one, and a count of steps for each tensor
    assert adamw - sgd == pytest.approx(weights, rel=0.05)
    assert counted(ema=0.9) - adamw == weights
    # half the rows at a time keep half of the activations, but for tables of positions and the like
    activations = sgd - 3 * weights
    assert counted(optimizer="sgd", accumulate=2) - 3 * weights == pytest.approx(activations / 2, rel=0.1)


def test_a_model_that_routes_by_value_is_counted_on_real_tensors():
    assert counted("mixtral") > 8 * count_parameters(spec_of("mixtral"))["total"]
