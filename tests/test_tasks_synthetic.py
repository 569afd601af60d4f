"""Made tasks: every answer follows from its row, and longer rows come where they are asked for and only there."""

import functools
import math
from collections import Counter

import numpy as np
import pytest

from harness.tasks.registry import TASK, build_task
from harness.tasks.synthetic.made import Made
from harness.tasks.vocabulary import EOS, N_SPECIAL, PAD
from task_samples import OURS, SPECS, invented, tiny

MADE = [kind for kind in OURS if issubclass(TASK.kinds[kind], Made)]


@functools.cache
def task(kind, **options):
    return build_task({"kind": kind, "evaluation_items": 50, **options})


def pairs(kind, **options):
    """Source and target of each row, ids counted from the first that is not special."""
    batch = task(kind, **options).batch(0, 0, 200)
    for source, target in zip(batch.inputs["source"], batch.targets, strict=True):
        assert target[(target != PAD).sum() - 1] == EOS
        yield [int(i) - N_SPECIAL for i in source if i != PAD], [int(i) - N_SPECIAL for i in target if i > EOS]


def answers(kind, **options):
    """Tokens, class and groups of each row, ids counted from the first that is not special."""
    batch = task(kind, **options).batch(0, 0, 200)
    for place, (row, answer) in enumerate(zip(batch.inputs["tokens"], batch.targets, strict=True)):
        groups = {name: int(values[place]) for name, values in batch.groups.items()}
        yield [int(i) - N_SPECIAL for i in row if i != PAD], int(answer), groups


def test_reversing_asks_for_the_row_backwards():
    assert all(target == source[::-1] for source, target in pairs("reverse"))


def test_sorting_asks_for_the_symbols_in_order():
    assert all(target == sorted(source) for source, target in pairs("sort", symbols=4))


@pytest.mark.parametrize("reverse", [False, True])
def test_a_sum_is_that_of_its_numbers(reverse):
    def number(digits):
        return int("".join(map(str, digits)))

    for source, target in pairs("addition", reverse=reverse, longest=5):
        length = len(source) // 2
        left, plus, right = source[:length], source[length], source[length + 1 :]
        assert plus == 10
        assert len(right) == length == len(target) - 1
        assert number(target[::-1] if reverse else target) == number(left) + number(right)


def test_selective_copying_asks_for_all_that_is_not_noise():
    for source, target in pairs("selective_copy"):
        assert target == [symbol for symbol in source if symbol]
        assert len(target) == 8


def test_parity_counts_ones():
    assert all(answer == sum(row) % 2 for row, answer, _ in answers("parity"))


def test_modular_arithmetic_goes_from_left_to_right():
    operators = [lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a * b]
    for row, answer, _ in answers("modular_arithmetic", modulus=7):
        value = row[0]
        for sign, number in zip(row[1::2], row[2::2], strict=True):
            value = operators[sign - 7](value, number)
        assert answer == value % 7


def test_a_list_comes_to_the_value_of_its_operators():
    operators = [min, max, lambda v: sorted(v)[(len(v) - 1) // 2], lambda v: sum(v) % 10]

    def value(tokens):
        if tokens[0] < 10:
            return tokens.pop(0)
        operator, values = tokens.pop(0) - 10, []
        while tokens[0] != 14:
            values.append(value(tokens))
        tokens.pop(0)
        assert 2 <= len(values) <= 5
        return operators[operator](values)

    for row, answer, _ in answers("listops"):
        assert 4 <= len(row) <= 32
        assert value(row) == answer
        assert not row


def test_the_longest_list_of_one_row_never_runs_out_of_draws():
    batch = task("listops", arguments=2, shortest=40, longest=40).batch(0, 0, 50)
    assert batch.groups["source_length"].max() <= 40


def test_the_bracket_that_closes_next_is_the_last_one_open():
    for row, answer, groups in answers("dyck", depth=3):
        stack = []
        for place, token in enumerate(row):
            if token < 8:
                stack.append((token, place))
            else:
                assert stack.pop()[0] == token - 8
            assert len(stack) <= 3
        assert answer == stack[-1][0]
        assert groups["depth"] == len(stack)
        assert groups["distance"] == len(row) - stack[-1][1]


def test_the_needle_asked_for_stands_once_with_its_value_behind_it():
    for row, answer, groups in answers("needle", needles=3):
        asked = row[-1]
        assert sorted(token for token in row[:-1] if token < 3) == [0, 1, 2]
        place = row.index(asked)
        assert row[place + 1] - 3 == answer
        assert groups["depth"] == 1 + 100 * place // len(row)


def test_the_second_copy_of_a_row_is_scored_where_it_follows_from_the_first():
    batch = task("induction").batch(0, 0, 100)
    for tokens, targets, weights in zip(batch.inputs["tokens"], batch.targets, batch.weights, strict=True):
        places = np.flatnonzero(weights)
        length = int(places[0])
        assert len(places) == length - 1
        assert len(set(tokens[:length].tolist())) == length
        book = dict(zip(tokens[: length - 1].tolist(), tokens[1:length].tolist(), strict=True))
        assert all(book[int(tokens[place])] == targets[place] for place in places)


def test_a_value_is_that_of_one_linear_function_within_its_bin():
    subject = task("in_context_regression", bins=256, examples=6)
    batch = subject.batch(0, 0, 60)
    for tokens, targets, weights in zip(batch.inputs["tokens"], batch.targets, batch.weights, strict=True):
        x = subject.centres[np.stack([tokens[0::3], tokens[1::3]], axis=1)]
        y = subject.centres[targets[weights > 0] - 256]
        # the outermost bins hold all that lies beyond them, so that their centres say little
        inner = abs(y) < subject.centres[-1]
        fitted = x @ np.linalg.lstsq(x[inner], y[inner], rcond=None)[0]
        assert abs(fitted - y)[inner].max(initial=0) < 0.1


def test_values_of_regression_fall_into_all_bins_and_a_perfect_answer_has_no_error():
    subject = task("in_context_regression", evaluation_items=400)
    batches = list(subject.evaluation("val", 100))
    counts = Counter(int(t) for batch in batches for t in batch.targets[batch.weights > 0])
    assert set(counts) == set(range(32, 64))
    perfect = [invented(batch) for batch in batches]
    perfect = [type(item)(item.batch, item.nats, item.batch.targets) for item in perfect]
    assert subject.score(perfect)["shown"]["squared_error"] == 0.0


LONGER = {kind: {"longest_test": 20} for kind in MADE} | {
    "in_context_regression": {"examples_test": 8},
    "induction": {"longest_test": 12},
}


@pytest.mark.parametrize("kind", MADE)
def test_longer_rows_come_only_in_held_out_splits_and_fit_the_context(kind):
    subject = build_task({"kind": kind, **TASK.tiny[kind], **LONGER[kind], "evaluation_items": 200})
    trained, held_out = subject.batch(0, 0, 200), next(subject.evaluation("test", 200))
    assert (
        held_out.inputs["tokens" if "source" not in held_out.inputs else "source"].shape[1]
        > (trained.inputs["tokens" if "source" not in trained.inputs else "source"].shape[1])
    )
    for stack in subject.stacks:
        spec = subject.adapt(SPECS[stack])
        inputs = subject.for_model(spec).draw(0, 200, subject.longest_test, kind, "test").inputs
        lengths = [inputs[name].shape[1] for name in ("tokens", "source") if name in inputs]
        # widths are rounded up to a few tokens of padding
        assert (sum(lengths) if stack == "decoder" else max(lengths)) <= spec["context_length"] + 8


@pytest.mark.parametrize("kind", MADE)
def test_a_row_depends_on_its_index_and_not_on_its_batch(kind):
    whole, part = tiny(kind).batch(4, 0, 16), tiny(kind).batch(4, 3, 4)
    width = part.targets.shape[1:]
    assert np.array_equal(whole.targets[12:16][(slice(None), *map(slice, width))], part.targets)


@pytest.mark.parametrize("kind", MADE)
def test_trivial_rows_lie_near_the_entropy_of_the_answers(kind):
    rows = tiny(kind).trivial()
    assert 0 < rows["unigram"]["val"] < math.log(40)


def test_ranges_of_lengths_end_where_training_ends():
    told = task("reverse", longest=10, longest_test=15).score(
        map(invented, task("reverse", longest=10, longest_test=15).evaluation("val", 50))
    )
    assert [row["bucket"] for row in told["by"]["source_length"]] == ["5-8", "9-10", "11-14", "15-18"]
