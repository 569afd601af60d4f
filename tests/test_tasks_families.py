"""Every task is read and answered by a real model of each stack that it has a loss for."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from catalog import resolve
from harness.tasks.registry import TASK
from harness.train.objective import weighted_nats
from task_samples import OURS, tiny
from variants import build_model

ENTRIES = {"encoder": "pre-ln-encoder", "decoder": "pre-ln", "encoder_decoder": "pre-ln-encoder-decoder"}
PAIRS = [(kind, stack) for kind in OURS for stack in sorted(TASK.kinds[kind].stacks)]


def model_and_batch(kind, stack):
    entry = "vit" if kind == "image_classification" else ENTRIES[stack]
    task = tiny(kind)
    spec = task.adapt(resolve(entry, None, {"d_model": 16, "n_layers": 1, "n_heads": 2}))
    return build_model(spec, seed=0), task.for_model(spec).batch(0, 0, 3)


@pytest.mark.parametrize(("kind", "stack"), PAIRS)
def test_a_model_of_the_stack_has_one_row_of_logits_for_each_target(kind, stack):
    model, batch = model_and_batch(kind, stack)
    with torch.no_grad():
        logits = model(**{name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in batch.inputs.items()})
    assert tuple(logits.shape[:-1]) == batch.targets.shape
    assert logits.shape[-1] > batch.targets.max() or logits.shape[-1] == 1


def loss_of(model, batch, inputs):
    with torch.no_grad():
        logits = model(**{name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in inputs.items()})
    return weighted_nats(logits, torch.from_numpy(batch.targets), torch.from_numpy(batch.weights)).item()


@pytest.mark.parametrize(("kind", "stack"), PAIRS)
def test_what_stands_in_padding_changes_no_loss_and_a_target_without_weight_counts_nothing(kind, stack):
    model, batch = model_and_batch(kind, stack)
    model.eval()
    whole = loss_of(model, batch, batch.inputs)
    other = dict(batch.inputs)
    for ids, mask in (("tokens", "padding_mask"), ("source", "source_padding_mask")):
        if mask in other:
            other[ids] = np.where(other[mask], other[ids], 3)
    # sums of a few dozen float32 losses
    assert loss_of(model, batch, other) == pytest.approx(whole, rel=1e-5)
    unscored = replace(batch, targets=np.where(batch.weights > 0, batch.targets, 1 - batch.targets.clip(0, 1)))
    assert loss_of(model, unscored, batch.inputs) == whole


@pytest.mark.parametrize("kind", [kind for kind in OURS if len(TASK.kinds[kind].stacks) == 3])
def test_all_three_families_are_scored_on_the_same_targets_with_the_same_weights(kind):
    batches = [model_and_batch(kind, stack)[1] for stack in ENTRIES]
    assert all(np.array_equal(batch.targets, batches[0].targets) for batch in batches)
    assert all(batch.weights.sum() == batches[0].weights.sum() for batch in batches)


def test_a_comparison_that_has_no_exact_loss_for_an_entry_names_the_tasks_that_all_can_learn(cli):
    answer = cli("compare", "pre-ln", "bert", "--task", "language_modelling", "--dry-run")
    assert answer.code == 2
    assert "language_modelling has no exact loss for bert (encoder) (allowed: decoder)" in answer.err
    assert "tasks for all of these entries: classification, dyck, listops," in answer.err
