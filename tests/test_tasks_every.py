"""What holds for every registered task: purity, shapes, one loss for every cut, refusals."""

import copy

import numpy as np
import pytest

from harness.tasks.registry import build_task, task_records
from task_samples import IMAGES, OURS, SPECS, invented, spec_for, tiny

EVERY = pytest.mark.parametrize("kind", OURS)


def same(left, right) -> bool:
    arrays = [(left.inputs, right.inputs), (left.groups, right.groups)]
    named = all(a.keys() == b.keys() and all(np.array_equal(a[k], b[k]) for k in a) for a, b in arrays)
    return named and np.array_equal(left.targets, right.targets) and np.array_equal(left.weights, right.weights)


@EVERY
def test_a_step_is_the_same_twice_and_in_any_order(kind):
    task = tiny(kind)
    forwards = [task.batch(3, step, 4) for step in range(5)]
    np.random.random(7)
    list(task.evaluation("val", 3))
    backwards = [task.batch(3, step, 4) for step in reversed(range(5))][::-1]
    assert all(same(a, b) for a, b in zip(forwards, backwards, strict=True))


@EVERY
def test_seeds_and_steps_give_other_batches(kind):
    task = tiny(kind)
    first = task.batch(0, 0, 8)
    assert not same(first, task.batch(1, 0, 8))
    assert not same(first, task.batch(0, 1, 8))


@EVERY
def test_no_call_touches_the_global_generator(kind):
    before = copy.deepcopy(np.random.get_state())
    task = tiny(kind)
    task.batch(0, 0, 2)
    list(task.evaluation("val", 5))
    assert all(np.array_equal(a, b) for a, b in zip(before, np.random.get_state(), strict=True))


@EVERY
@pytest.mark.parametrize("size", [1, 7])
def test_shapes_and_types_of_a_batch(kind, size):
    batch = tiny(kind).batch(0, 2, size)
    assert batch.targets.dtype == np.int64
    assert batch.weights.dtype == np.float32
    assert batch.targets.shape == batch.weights.shape
    assert batch.weights.sum() > 0
    assert all(len(array) == size for array in batch.inputs.values())
    assert all(group.shape in (batch.targets.shape, batch.targets.shape[:1]) for group in batch.groups.values())


@EVERY
def test_the_loss_is_the_same_for_every_cut_into_batches(kind):
    task = tiny(kind)
    losses = [task.score(map(invented, task.evaluation("val", size)))["loss"] for size in (1, 3, 64)]
    assert losses == pytest.approx([losses[0]] * 3, rel=1e-12)


@EVERY
def test_evaluation_is_fixed_and_its_splits_differ(kind):
    task = tiny(kind)
    val, again, test = (list(task.evaluation(split, 10)) for split in ("val", "val", "test"))
    assert all(same(a, b) for a, b in zip(val, again, strict=True))
    assert not all(same(a, b) for a, b in zip(val, test, strict=False))


@EVERY
def test_ids_stay_inside_the_vocabulary_and_classes_inside_the_head(kind):
    task = tiny(kind)
    for stack in task.stacks:
        spec = task.adapt(spec_for(kind, stack))
        batch = task.for_model(spec).batch(0, 0, 64)
        classes = 2 if spec["head"]["kind"] == "token_score" else spec["head"].get("n_classes", spec["vocab_size"])
        assert batch.targets.max() < classes
        tokens = [batch.inputs[name] for name in ("tokens", "source") if name in batch.inputs]
        assert all(ids.max() < spec["vocab_size"] for ids in tokens)
        length = sum(ids.shape[1] for ids in tokens) if stack == "decoder" else max(ids.shape[1] for ids in tokens)
        assert kind == "image_classification" or length <= spec["context_length"]


@EVERY
def test_every_stack_gets_the_same_targets_and_weights(kind):
    task = tiny(kind)
    views = [task.for_model(SPECS[stack]).batch(0, 1, 6) for stack in sorted(task.stacks)]
    assert all(np.array_equal(view.targets, views[0].targets) for view in views)
    assert all(np.array_equal(view.weights, views[0].weights) for view in views)


@EVERY
def test_a_stack_without_an_exact_loss_is_refused_with_those_that_have_one(kind):
    task = tiny(kind)
    for stack in SPECS.keys() - task.stacks:
        allowed = ", ".join(sorted(task.stacks))
        with pytest.raises(ValueError, match=f"task {kind}: no exact loss for the {stack} stack .*allowed: {allowed}"):
            task.adapt(SPECS[stack])


@EVERY
def test_a_model_of_images_is_refused_by_tasks_on_tokens_and_the_other_way_round(kind):
    shows_images = kind == "image_classification"
    other = SPECS["encoder"] if shows_images else IMAGES
    told = "images .got token; .* with a" if shows_images else "tokens .got patch; .* without a"
    with pytest.raises(ValueError, match=f"embedding: {kind} needs one that reads {told} patch_size"):
        tiny(kind).adapt({**SPECS[min(tiny(kind).stacks)], "embedding": other["embedding"]})


@EVERY
def test_adapting_leaves_the_given_spec_as_it_was(kind):
    task = tiny(kind)
    for stack in task.stacks:
        given = copy.deepcopy(spec_for(kind, stack))
        task.adapt(given)
        assert given == spec_for(kind, stack)


@EVERY
def test_the_digest_is_stable_and_every_option_that_is_an_evaluation_size_changes_it(kind):
    options = task_records()["task"][kind].tiny
    assert build_task({"kind": kind, **options}).digest() == tiny(kind).digest()
    size = next(name for name in options if name.startswith("evaluation"))
    assert build_task({"kind": kind, **options, size: options[size] + 16}).digest() != tiny(kind).digest()


@EVERY
def test_trivial_rows_are_finite_and_cover_both_splits(kind):
    rows = tiny(kind).trivial()
    assert "unigram" in rows
    assert all(set(row) == {"val", "test"} and all(np.isfinite(list(row.values()))) for row in rows.values())


@EVERY
def test_every_option_is_documented(kind):
    assert all(option.doc for option in task_records()["task"][kind].options.values())
