"""Shortcuts in made tasks have a row without a model, and held-out rows that training shows too are counted."""

import math

import numpy as np
import pytest

from harness.tasks.registry import TASK, build_task
from harness.tasks.synthetic.made import COUNTED
from harness.tasks.synthetic.made_classes import MadeClasses
from task_samples import OURS, tiny

CLASSES = [kind for kind in OURS if issubclass(TASK.kinds[kind], MadeClasses)]


def test_the_last_bracket_names_most_answers_of_dyck_and_its_row_says_so():
    rows = build_task({"kind": "dyck"}).trivial()
    assert rows["last token"]["test"] < rows["majority"]["test"] / 2


@pytest.mark.parametrize("kind", CLASSES)
def test_the_last_token_is_never_worth_less_than_nothing(kind):
    rows = build_task({"kind": kind}).trivial()
    # counts of a few thousand rows, smoothed: a hundredth of a nat of noise
    assert rows["last token"]["test"] < rows["unigram"]["test"] + 0.01


def test_the_row_of_the_last_token_equals_a_count_in_plain_python():
    task = tiny("modular_arithmetic")
    made = task.make(0, COUNTED, task.longest, task.kind, "counted")
    counts = {}
    for row, length, answer in zip(made.ids, made.lengths, made.classes, strict=True):
        counts.setdefault(int(row[length - 1]), np.ones(task.n_classes))[answer] += 1
    held = task.make(0, task.evaluation_items, task.longest_test, task.kind, "val")
    nats = [
        -math.log(counts[int(row[length - 1])][answer] / counts[int(row[length - 1])].sum())
        for row, length, answer in zip(held.ids, held.lengths, held.classes, strict=True)
    ]
    assert task.trivial()["last token"]["val"] == pytest.approx(np.mean(nats), rel=1e-12)


def test_any_token_of_the_row_is_a_row_of_induction():
    task = build_task({"kind": "induction", "shortest": 6, "longest": 6, "evaluation_items": 20})
    assert task.trivial()["a token of the row"] == {split: pytest.approx(math.log(6)) for split in ("val", "test")}


def test_rows_that_training_shows_too_are_told():
    told = build_task({"kind": "parity", "shortest": 2, "longest": 3}).notes
    assert told == ("2000 of 2000 held-out rows are among the first 4,096 of training: short rows are few",)
    assert build_task({"kind": "parity", "shortest": 40, "longest": 50}).notes == ()


def test_training_and_held_out_rows_are_drawn_apart():
    for kind in CLASSES:
        task = build_task({"kind": kind, "evaluation_items": 200})
        train, test = task.batch(0, 0, 200), next(task.evaluation("test", 200))
        val = next(task.evaluation("val", 200))
        assert not np.array_equal(test.targets, val.targets), kind
        assert not np.array_equal(train.targets, test.targets), kind
