"""Any objective before any task: over all pairs that share a stack weights pass on, and the others are refused."""

from functools import cache

import numpy as np
import pytest
import torch

from catalog import resolve
from harness.init_from import start_of
from harness.plantools import Tools
from harness.tasks.registry import TASK, fill_task
from harness.tasks.task import Side
from harness.train.transfer import transfer
from harness.train.weights import tensors_of
from task_samples import OURS, tiny
from test_tasks_families import ENTRIES
from variants import build_model

OBJECTIVES = [kind for kind in OURS if TASK.kinds[kind].__module__.startswith("harness.tasks.objectives.")]
SMALL = {"d_model": 16, "n_layers": 1, "n_heads": 2}
TOOLS = Tools(
    resolve=lambda entry, size, overrides: {},
    fill_train=dict,
    resize=lambda spec, amount, name, measure: spec,
    count=lambda spec: {},
    flops=lambda spec, tokens, source: tokens + source,
    fill_task=fill_task,
    build_task=lambda block: tiny(block["kind"]),
)
TRAIN = {"steps": 1, "batch_size": 2}


@cache
def side(kind, stack):
    task = tiny(kind)
    entry = "vit" if kind == "image_classification" else ENTRIES[stack]
    return Side(task.adapt(resolve(entry, None, SMALL)), task.token_ids)


def start(objective, variant):
    block = {"kind": objective, **TASK.tiny[objective]}
    asked = {"task": block, "train": TRAIN, "learning_rates": [0.1]}
    return start_of(asked, variant, {"kind": "lm", "tied": True}, [0], TOOLS)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_an_objective_goes_before_every_task_of_its_stacks_and_before_no_other(objective):
    passed = refused = 0
    for kind in OURS:
        for stack in sorted(TASK.kinds[kind].stacks):
            variant = side(kind, stack)
            if stack in TASK.kinds[objective].stacks and kind != "image_classification":
                begun = start(objective, variant)
                passed += 1
                passes_on(Side(begun.record["model"], tiny(objective).token_ids), variant, kind)
                continue
            reason = "no exact loss for the" if stack not in TASK.kinds[objective].stacks else "one that reads tokens"
            with pytest.raises(ValueError, match=reason):
                start(objective, variant)
            refused += 1
    assert passed > 5
    assert refused > 5


def passes_on(old, new, kind):
    """All between embedding and head is copied, save for places that the other task does not have."""
    given, model = tensors_of(build_model(old.spec, seed=1)), build_model(new.spec, seed=2)
    fresh = set(transfer(model, given, old, new))
    for name, tensor in tensors_of(model).items():
        if name.startswith(("encoder.", "decoder.")) and ".positions." not in name:
            assert name not in fresh
            assert torch.equal(tensor, given[name]), (kind, name)
    inputs = tiny(kind).for_model(new.spec).batch(0, 0, 2).inputs
    with torch.no_grad():
        logits = model(**{name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in inputs.items()})
    assert torch.isfinite(logits).all()
