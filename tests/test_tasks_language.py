"""Language modelling: windows, shifted targets, trivial rows counted a second way."""

import itertools
import math
from collections import Counter
from functools import cache

import numpy as np
import pytest

from harness.datasets.text import load_text
from harness.tasks.registry import build_task
from harness.tasks.stack import stack_of
from task_samples import SPECS, invented


@cache
def shakespeare(**options: int):
    return build_task({"kind": "language_modelling", "context_length": 32, "evaluation_tokens": 2048, **options})


@cache
def plays(split: str) -> bytes:
    return load_text("shakespeare", 8).read(split)


def text_of(ids) -> bytes:
    return bytes(ids.astype(np.uint8))


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_a_target_is_the_byte_behind_its_input_in_the_text_of_the_split(split):
    task = shakespeare()
    batch = task.batch(0, 5, 16) if split == "train" else next(task.evaluation(split, 16))
    for tokens, targets in zip(batch.inputs["tokens"], batch.targets, strict=True):
        assert np.array_equal(tokens[1:], targets[:-1])
        assert text_of(tokens) + text_of(targets[-1:]) in plays(split)


def test_evaluation_windows_do_not_overlap_and_are_spread_over_the_play():
    task = shakespeare()
    windows = [text_of(row) for batch in task.evaluation("val", 8) for row in batch.inputs["tokens"]]
    starts = sorted(plays("val").index(window) for window in windows)
    assert len(windows) == 2048 // 32
    assert all(later - earlier >= 32 for earlier, later in itertools.pairwise(starts))
    assert starts[0] == 0
    assert starts[-1] > 0.95 * len(plays("val"))


def test_evaluation_tokens_above_the_split_take_every_whole_window():
    task = build_task({"kind": "language_modelling", "context_length": 64, "evaluation_tokens": 10**7})
    scored = sum(batch.targets.size for batch in task.evaluation("val", 512))
    assert scored == (len(plays("val")) - 1) // 64 * 64


@pytest.mark.parametrize("length", [1, 2])
def test_windows_of_one_or_two_bytes_work(length):
    task = build_task({"kind": "language_modelling", "context_length": length, "evaluation_tokens": 1})
    assert task.batch(0, 0, 1).targets.shape == (1, length)
    assert [batch.targets.shape for batch in task.evaluation("val", 4)] == [(1, length)]
    assert task.score(map(invented, task.evaluation("val", 4)))["by"]["position"][0]["bucket"] == "1"


def test_trivial_rows_equal_a_count_in_plain_python():
    task, train = shakespeare(), plays("train")
    ones, pairs = Counter(train), Counter(itertools.pairwise(train))
    starts = Counter(train[:-1])
    one = two = count = 0.0
    for batch in task.evaluation("val", 16):
        for previous, target in zip(
            batch.inputs["tokens"].ravel().tolist(), batch.targets.ravel().tolist(), strict=True
        ):
            one -= math.log((ones[target] + 1) / (len(train) + 256))
            two -= math.log((pairs[previous, target] + 1) / (starts[previous] + 256))
            count += 1
    rows = task.trivial()
    assert rows["unigram"]["val"] == pytest.approx(one / count, rel=1e-12)
    assert rows["bigram"]["val"] == pytest.approx(two / count, rel=1e-12)
    assert rows["bigram"]["val"] < rows["unigram"]["val"] < math.log(256)


def test_bits_per_byte_and_positions_are_shown():
    task = shakespeare()
    told = task.score(map(invented, task.evaluation("val", 8)))
    assert told["shown"]["bits_per_byte"] == pytest.approx(told["loss"] / math.log(2))
    assert [row["bucket"] for row in told["by"]["position"]][:2] == ["1-4", "5-8"]
    assert sum(row["count"] for row in told["by"]["position"]) == 2048


def test_adapting_keeps_an_lm_head_and_replaces_another():
    task = shakespeare()
    assert task.adapt(SPECS["decoder"])["head"] == {"kind": "lm", "tied": False}
    head = task.adapt({**SPECS["decoder"], "head": {"kind": "classifier", "n_classes": 2}})["head"]
    assert (head["kind"], head["tied"]) == ("lm", True)
    assert task.adapt(SPECS["decoder"]) | {"vocab_size": 256, "context_length": 32} == task.adapt(SPECS["decoder"])


def test_a_users_file_trains_and_evaluates_on_parts_of_its_own(tmp_path):
    path = tmp_path / "mine.txt"
    path.write_text(
        "\n\n".join(f"paragraph number {i} of {i * 7919 % 1000} für alle" for i in range(600)), encoding="utf-8"
    )
    task = build_task({"kind": "language_modelling", "data": str(path), "context_length": 16})
    assert text_of(task.batch(0, 0, 1).inputs["tokens"][0]) in path.read_bytes()
    assert task.trivial()["bigram"]["val"] < task.trivial()["unigram"]["val"]
    assert task.digest() != shakespeare().digest()


def test_a_spec_without_a_stack_is_refused():
    with pytest.raises(ValueError, match="neither encoder nor decoder"):
        stack_of({"encoder": None})
