"""Regression on text: bins of equal share from training values, errors in the data's own unit."""

from collections import Counter

import numpy as np
import pytest

from harness.tasks.registry import build_task
from task_samples import SPECS, invented


@pytest.fixture(scope="module")
def days():
    return build_task({"kind": "regression", "bins": 12, "evaluation_items": 300})


def file(tmp_path, values):
    path = tmp_path / "n.tsv"
    path.write_text("\n".join(f"text {i}\t{value}" for i, value in enumerate(values)))
    return str(path)


def test_bins_hold_equal_shares_of_the_training_values(days):
    counts = Counter(days.batch(0, 0, 19_980).targets.tolist())
    assert set(counts) == set(range(12))
    # a bin ends with a whole day, of which there are thirty in it
    assert min(counts.values()) > 0.9 * max(counts.values())


def test_a_value_lies_in_its_bin_whatever_the_stack(days):
    edges = np.concatenate([[-np.inf], days.edges, [np.inf]])
    for stack in SPECS:
        batch = days.for_model(days.adapt(SPECS[stack])).batch(0, 1, 64)
        values = batch.groups["value"]
        assert ((edges[batch.targets] <= values) & (values < edges[batch.targets + 1])).all()


def test_the_right_bins_leave_an_error_below_half_a_bin(days):
    batches = list(days.evaluation("val", 100))
    right = [type(item)(item.batch, item.nats, item.batch.targets) for item in map(invented, batches)]
    assert days.score(right)["shown"]["absolute_error"] < 366 / 12 / 2
    assert days.score(map(invented, batches))["shown"]["absolute_error"] > 60


def test_numbers_of_ones_own_are_read_and_a_word_is_refused_with_its_line(tmp_path):
    task = build_task({"kind": "regression", "data": file(tmp_path, [0.5 * i for i in range(60)]), "bins": 4})
    assert task.n_classes == 4
    assert task.notes[0] == "texts: 54 train, 3 val, 3 test"
    with pytest.raises(ValueError, match=r"n.tsv:2: value is no number \(got 'much'\)"):
        build_task({"kind": "regression", "data": file(tmp_path, [1, "much"])})


def test_values_that_repeat_make_fewer_bins_and_equal_ones_are_refused(tmp_path):
    assert build_task({"kind": "regression", "data": file(tmp_path, [i % 3 for i in range(60)])}).n_classes == 3
    with pytest.raises(ValueError, match="the values hardly differ"):
        build_task({"kind": "regression", "data": file(tmp_path, [7] * 60)})
