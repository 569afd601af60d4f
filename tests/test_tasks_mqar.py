"""Multi-query associative recall: every scored value follows from the opening pairs alone."""

import math
from functools import cache

import numpy as np
import pytest

from harness.tasks.registry import build_task
from task_samples import invented


@cache
def mqar(**options):
    return build_task({"kind": "mqar", "vocabulary_size": 64, "context_length": 48, "pairs": 5, **options})


def test_a_scored_position_holds_a_key_and_wants_the_value_that_stood_beside_it():
    batch = mqar().batch(0, 0, 50)
    for tokens, targets, weights in zip(batch.inputs["tokens"], batch.targets, batch.weights, strict=True):
        book = dict(zip(tokens[0:10:2].tolist(), tokens[1:10:2].tolist(), strict=True))
        places = np.flatnonzero(weights)
        assert len(book) == len(places) == 5
        assert {int(tokens[place]) for place in places} == set(book)
        assert all(targets[place] == book[int(tokens[place])] == tokens[place + 1] for place in places)


def test_keys_stand_nowhere_but_in_their_pair_and_their_query():
    tokens = mqar().batch(0, 1, 50).inputs["tokens"]
    assert ((tokens < 32).sum(1) == 10).all()
    assert all(len(set(row[row < 32].tolist())) == 5 for row in tokens)


def test_an_answer_stands_behind_its_query_never_before_it_except_in_the_pair():
    batch = mqar().batch(0, 2, 50)
    rows, places = np.nonzero(batch.weights)
    assert (places >= 10).all()
    assert (places % 2 == 0).all()
    assert (batch.groups["distance"][rows, places] > 0).all()


def test_a_small_power_keeps_queries_near_and_power_one_spreads_them_evenly():
    near, even = (float(np.mean(places(mqar(power=power)))) for power in (0.01, 1.0))
    assert near < even
    # slots are drawn without replacement, so at power 1 the mean is that of all of them
    assert even == pytest.approx(10 + 18, abs=1)


def test_a_full_context_asks_every_slot_once():
    task = build_task({"kind": "mqar", "vocabulary_size": 16, "context_length": 20, "pairs": 5, "evaluation_items": 4})
    for batch in task.evaluation("val", 4):
        assert batch.weights.sum(0).tolist() == [0.0] * 10 + [4.0, 0.0] * 5


def test_rows_depend_on_their_index_and_not_on_the_batch():
    assert np.array_equal(mqar().batch(1, 0, 8).inputs["tokens"][4:], mqar().batch(1, 1, 4).inputs["tokens"])


def test_trivial_rows_are_the_entropies_of_the_draw():
    assert mqar().trivial()["unigram"] == {"val": math.log(32), "test": math.log(32)}
    values = np.concatenate([mqar().batch(0, step, 500).targets.ravel() for step in range(4)])
    counts = np.bincount(values[values > 0], minlength=64)[32:]
    # six standard deviations of a count of 10,000 draws among 32 values
    assert counts == pytest.approx(np.full(32, 10_000 / 32), abs=6 * (10_000 / 32) ** 0.5)


def test_distances_are_broken_down_by_powers_of_two():
    told = mqar(evaluation_items=100).score(map(invented, mqar(evaluation_items=100).evaluation("val", 30)))
    assert sum(row["count"] for row in told["by"]["distance"]) == 500
    assert [row["bucket"] for row in told["by"]["distance"]][:2] == ["2-3", "4-7"]


def places(task) -> np.ndarray:
    return np.concatenate([np.nonzero(task.batch(0, step, 200).weights)[1] for step in range(5)])
