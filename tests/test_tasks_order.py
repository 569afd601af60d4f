"""Data order: pure functions, each epoch sees each item once."""

import numpy as np
import pytest

from harness.datasets.order import draws, epoch_order, integers, rows, step_indices, uniforms


def test_an_epoch_takes_every_item_once_whatever_the_batch_size():
    for batch_size in (1, 7, 50, 128):
        steps = [step_indices(100, step, batch_size, 5, "train") for step in range(-(-300 // batch_size))]
        stream = np.concatenate(steps)
        for epoch in range(3):
            assert sorted(stream[100 * epoch : 100 * (epoch + 1)]) == list(range(100))


def test_a_batch_larger_than_the_set_spans_several_epochs():
    assert np.bincount(step_indices(3, 0, 12, 0, "train")).tolist() == [4, 4, 4]


def test_epochs_and_seeds_are_ordered_differently():
    orders = {tuple(epoch_order(50, epoch, seed)) for epoch in range(3) for seed in range(3)}
    assert len(orders) == 9


def test_a_row_is_the_same_alone_and_among_others():
    table = rows(0, 20, 7, "key")
    assert np.array_equal(table[5:9], rows(5, 4, 7, "key"))
    assert len(np.unique(table)) == table.size


def test_raw_numbers_of_a_key_are_pinned():
    # the order of data is part of every result: another number here changes all of them
    assert draws(2, 0, "train", 0).tolist() == [7884012281718292265, 3602116481067275588]


def test_numbers_fill_their_range_evenly():
    raw = draws(20_000, "even")
    counts = np.bincount(integers(raw, 7), minlength=7)
    # six standard deviations of a binomial count
    assert counts == pytest.approx(np.full(7, 20_000 / 7), abs=6 * (20_000 * 6 / 49) ** 0.5)
    u = uniforms(raw)
    assert 0 < u.min() < 0.001
    assert 0.999 < u.max() < 1
    assert u.mean() == pytest.approx(0.5, abs=6 / (12 * 20_000) ** 0.5)


def test_the_cached_order_cannot_be_changed_by_its_reader():
    with pytest.raises(ValueError, match="read-only"):
        epoch_order(10, 0, "x")[0] = 3
