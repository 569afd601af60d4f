"""What a task must keep before models are compared on it, checked on its tiny form."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from harness.tasks.metrics import with_metrics
from harness.tasks.own_tasks import tasks_in
from harness.tasks.registry import TASK, build_task
from harness.tasks.stack import NAMES
from harness.tasks.task import Batch, Scored, Task

Check = Callable[[Task], Iterator[str]]
SPLITS = ("val", "test")
STAND_IN = "parity"


def faults_in_file(path: Path) -> dict[str, dict[str, list[str]]]:
    """What each check finds in every task of a file in use; metrics without a task are tried on one of ours.

    Raises:
        ValueError: the file is missing, no Python or fails, or it registers nothing; one line.
    """
    return {kind: faults_of_task(kind) for kind in tasks_in(path) or [STAND_IN]}


def faults_of_task(kind: str) -> dict[str, list[str]]:
    """What each check finds in a registered kind; a task that cannot be built has one fault.

    Raises:
        CatalogError: there is no such kind.
    """
    block = {"kind": kind, **TASK.tiny.get(kind, {})}
    try:
        task, again = build_task(block), build_task(block)
    except (ValueError, TypeError) as error:
        return {"builds": [f"its tiny form cannot be built: {' '.join(str(error).split())}"]}
    found = {name: _found(check, task) for name, check in CHECKS.items()}
    return found | {"digest": _found(lambda one: digests(one, again), task)}


def purity(task: Task) -> Iterator[str]:
    """A step is a function of seed and step alone."""
    before = _global_state()
    first = [task.batch(3, step, 4) for step in range(3)]
    list(task.evaluation("val", 3))
    again = [task.batch(3, step, 4) for step in reversed(range(3))][::-1]
    if not all(same(a, b) for a, b in zip(first, again, strict=True)):
        yield "a training batch differs when it is asked for again"
    if same(first[0], task.batch(4, 0, 4)) and same(first[0], first[1]):
        yield "every seed and step gives the same batch"
    if before != _global_state():
        yield "it draws from numpy's global generator; draw from harness.datasets.order, by seed, split and step"


def shapes(task: Task) -> Iterator[str]:
    """What a batch holds fits together."""
    for size in (1, 5):
        batch = task.batch(0, 2, size)
        if batch.targets.dtype != np.int64 or batch.weights.dtype != np.float32:
            yield f"targets must be int64 and weights float32 (got {batch.targets.dtype} and {batch.weights.dtype})"
        if batch.targets.shape != batch.weights.shape:
            yield f"weights must have the shape of targets (got {batch.weights.shape} and {batch.targets.shape})"
        if not batch.weights.sum() > 0:
            yield "no target is scored"
        if any(len(array) != size for array in batch.inputs.values()):
            yield f"a batch of {size} rows has inputs of another number"


def evaluation(task: Task) -> Iterator[str]:
    """Held-out sets are fixed, apart from each other, and scored alike in any cut."""
    batches = {split: list(task.evaluation(split, 8)) for split in SPLITS}  # type: ignore[arg-type]
    if not all(same(a, b) for a, b in zip(batches["val"], task.evaluation("val", 8), strict=True)):
        yield "the validation set differs when it is asked for again"
    if all(same(a, b) for a, b in zip(batches["val"], batches["test"], strict=False)):
        yield "validation and test hold the same rows"
    losses = [task.score(map(_invented, task.evaluation("val", size)))["loss"] for size in (1, 3, 64)]
    if not np.allclose(losses, losses[0], rtol=1e-9):
        yield f"the loss depends on the size of evaluation batches (got {losses})"


def metrics(task: Task) -> Iterator[str]:
    """The metrics in use make numbers of an evaluation, under names that the task does not show itself."""
    evaluated = [_invented(batch) for batch in task.evaluation("val", 8)]
    for name, value in with_metrics(task.score(evaluated), evaluated)["shown"].items():
        if not np.isfinite(value):
            yield f"{name} makes no finite number (got {value})"


def trivial(task: Task) -> Iterator[str]:
    """The rows without a model are there for both splits."""
    rows = task.trivial()
    if not rows:
        yield "no row without a model: give at least {'unigram': {'val': ..., 'test': ...}}"
    for name, row in rows.items():
        if set(row) != set(SPLITS) or not np.isfinite(list(row.values())).all():
            yield f"the row {name} must have a finite loss for val and test (got {row})"


def stacks(task: Task) -> Iterator[str]:
    """It says for which stacks it has an exact loss."""
    known = set(NAMES.values())
    if not task.stacks or not set(task.stacks) <= known:
        yield f"stacks: must be some of {', '.join(sorted(known))} (got {sorted(task.stacks)})"


def digests(task: Task, again: Task) -> Iterator[str]:
    """Two tasks of the same options have one digest."""
    if task.digest() != again.digest():
        yield "two tasks of the same options have other digests"


CHECKS: dict[str, Check] = {
    "purity": purity,
    "shapes": shapes,
    "evaluation": evaluation,
    "metrics": metrics,
    "trivial": trivial,
    "stacks": stacks,
}


def same(left: Batch, right: Batch) -> bool:
    """Whether two batches hold the same."""
    arrays = [(left.inputs, right.inputs), (left.groups, right.groups)]
    named = all(a.keys() == b.keys() and all(np.array_equal(a[k], b[k]) for k in a) for a, b in arrays)
    return named and np.array_equal(left.targets, right.targets) and np.array_equal(left.weights, right.weights)


def _found(check: Check, task: Task) -> list[str]:
    try:
        return list(check(task))
    except Exception as error:
        # a task that raises is a finding about the task, which names it; the program itself is sound
        return [f"raises {type(error).__name__}: {' '.join(str(error).split())}"]


def _global_state() -> tuple[bytes, int]:
    held = np.random.get_state(legacy=False)["state"]
    return held["key"].tobytes(), int(held["pos"])


def _invented(batch: Batch) -> Scored:
    """An evaluation whose nats depend on a target and its place in its row alone."""
    place = np.arange(batch.targets.shape[1]) if batch.targets.ndim > 1 else 0
    return Scored(batch, 0.5 + (batch.targets % 5) / 7 + place / 31, batch.targets)
