"""Sequence to sequence and copying: shifted targets, masks, one loss for both stacks, error rates."""

import math
from collections import Counter
from functools import cache

import numpy as np
import pytest

from catalog import resolve
from harness.datasets.images import load_images
from harness.datasets.pairs import load_pairs
from harness.tasks.generations import edit_distance
from harness.tasks.pair_batches import encode_pairs, pair_batch, pair_groups
from harness.tasks.registry import build_task
from harness.tasks.vocabulary import BOS, EOS, N_SPECIAL, PAD, UNKNOWN
from task_samples import SPECS, invented


@cache
def task(data: str = "g2p"):
    return build_task({"kind": "sequence_to_sequence", "data": data, "evaluation_items": 300})


@cache
def copying():
    return build_task({"kind": "copy", "symbols": 6, "shortest": 3, "longest": 9, "evaluation_items": 60})


TASKS = pytest.mark.parametrize("make", [task, lambda: task("dates"), copying], ids=["g2p", "dates", "copy"])


def real(ids) -> list[int]:
    return [int(i) for i in ids if i not in (PAD, BOS, EOS)]


@TASKS
def test_a_position_reads_only_what_stands_before_its_target(make):
    batch = make().batch(0, 0, 32)
    tokens, targets, mask = batch.inputs["tokens"], batch.targets, batch.weights > 0
    assert (tokens[:, 0] == BOS).all()
    assert np.array_equal(tokens[:, 1:][mask[:, 1:]], targets[:, :-1][mask[:, 1:]])
    assert not (tokens == EOS).any()


@TASKS
def test_weights_cover_the_target_and_its_end_and_nothing_else(make):
    batch = make().batch(0, 3, 32)
    lengths = (batch.targets != PAD).sum(1)
    assert np.array_equal(batch.weights.sum(1), lengths)
    assert all(row[length - 1] == EOS for row, length in zip(batch.targets, lengths, strict=True))
    assert np.array_equal(batch.inputs["padding_mask"], batch.weights > 0)


@TASKS
def test_the_source_is_padded_on_the_right_under_its_mask(make):
    batch = make().batch(0, 1, 32)
    source, mask = batch.inputs["source"], batch.inputs["source_padding_mask"]
    assert np.array_equal(mask, source != PAD)
    assert np.array_equal(mask.sum(1), batch.groups["source_length"])
    assert (np.diff(mask.astype(int), axis=1) <= 0).all()


def test_source_and_target_symbols_have_ids_of_their_own_learnt_from_training():
    batch = task().batch(0, 0, 512)
    sources, targets = set(real(batch.inputs["source"].ravel())), set(real(batch.targets.ravel()))
    assert not sources & targets
    assert min(sources) >= N_SPECIAL
    assert len(task().source_vocabulary.ids) == 26
    assert len(task().target_vocabulary.ids) == 39
    assert task().source_vocabulary.encode("é") == [UNKNOWN]


def test_stress_marks_are_gone_and_equal_pronunciations_are_kept_once():
    assert not any(symbol[-1].isdigit() for symbol in task().target_vocabulary.ids)
    for batch in task().evaluation("val", 300):
        for row in batch.references:
            listed = [tuple(real(answer)) for answer in row if answer.any()]
            assert len(listed) == len(set(listed)) >= 1


def test_the_first_reference_is_the_target():
    batch = task().batch(0, 0, 64)
    assert all(real(row[0]) == real(target) for row, target in zip(batch.references, batch.targets, strict=True))


def test_both_stacks_get_one_vocabulary_and_a_context_that_holds_the_longest_pair():
    one, two = task().adapt(SPECS["decoder"]), task().adapt(SPECS["encoder_decoder"])
    assert one["vocab_size"] == two["vocab_size"] == N_SPECIAL + 26 + 39
    assert (one["context_length"], two["context_length"]) == (20 + 20, 20)
    separate = task().adapt({**SPECS["encoder_decoder"], "source_vocab_size": 5})
    assert separate["source_vocab_size"] == one["vocab_size"]
    assert "source_vocab_size" not in two


@TASKS
def test_no_pair_is_longer_than_the_stated_longest(make):
    subject = make()
    spec = subject.adapt(SPECS["encoder_decoder"])
    for split in ("val", "test"):
        for batch in subject.evaluation(split, 64):
            assert batch.inputs["source"].shape[1] <= spec["context_length"]
            assert batch.inputs["tokens"].shape[1] <= spec["context_length"]
            assert subject.generation.max_new_tokens >= batch.weights.sum(1).max()


def test_training_and_held_out_words_differ():
    def words(batches) -> set[tuple[int, ...]]:
        return {tuple(real(row)) for batch in batches for row in batch.inputs["source"]}

    train = words([task().batch(0, step, 5_000) for step in range(8)])
    assert len(train) == 40_000
    assert not train & words(task().evaluation("val", 300))
    assert not train & words(task().evaluation("test", 300))


def test_trivial_rows_equal_a_count_in_plain_python():
    subject = copying()
    counted = pair_batch(subject.make(0, 4_096, 9, "copy", "counted"), np.arange(4_096))
    train = [
        (p, t)
        for row in zip(counted.inputs["tokens"], counted.targets, strict=True)
        for p, t in zip(*row, strict=True)
        if t
    ]
    ones, pairs, starts = Counter(t for _, t in train), Counter(train), Counter(p for p, _ in train)
    one = two = count = 0.0
    for batch in subject.evaluation("test", 7):
        for row in zip(batch.inputs["tokens"], batch.targets, strict=True):
            for previous, target in zip(*row, strict=True):
                if target:
                    one -= math.log((ones[target] + 1) / (len(train) + 10))
                    two -= math.log((pairs[previous, target] + 1) / (starts[previous] + 10))
                    count += 1
    rows = subject.trivial()
    assert rows["unigram"]["test"] == pytest.approx(one / count, rel=1e-12)
    assert rows["bigram"]["test"] == pytest.approx(two / count, rel=1e-12)


def test_copying_asks_for_the_source_itself_at_every_length():
    batch = copying().batch(0, 0, 256)
    assert all(real(a) == real(b) for a, b in zip(batch.inputs["source"], batch.targets, strict=True))
    assert set(batch.groups["source_length"]) == set(range(3, 10))


def test_rows_of_copying_depend_on_their_index_and_not_on_the_batch():
    whole, part = copying().batch(4, 0, 16), copying().batch(4, 3, 4)
    width = part.targets.shape[1]
    assert np.array_equal(whole.targets[12:16, :width], part.targets)


def test_longer_rows_come_only_in_held_out_splits():
    subject = build_task({"kind": "copy", "shortest": 2, "longest": 4, "longest_test": 12, "evaluation_items": 50})
    assert max(subject.batch(0, 0, 200).groups["source_length"]) == 4
    assert max(length for batch in subject.evaluation("val", 50) for length in batch.groups["source_length"]) == 12
    assert subject.adapt(SPECS["decoder"])["context_length"] == 12 + 13


@pytest.mark.parametrize(
    ("left", "right", "edits"),
    [("", "", 0), ("abc", "", 3), ("kitten", "sitting", 3), ("ab", "ba", 2), ("abc", "abc", 0)],
)
def test_edit_distance(left, right, edits):
    assert edit_distance([*map(ord, left)], [*map(ord, right)]) == edits
    assert edit_distance([*map(ord, right)], [*map(ord, left)]) == edits


def test_error_rate_takes_the_nearest_answer_and_stops_at_the_end():
    pairs = encode_pairs([[5], [5, 6]], [[[10, 11, 12, 13], [10, 11]], [[14, 15, 16]]])
    batch = pair_batch(pairs, np.arange(2))
    generated = np.array([[10, 11, EOS, 12, 12], [14, 9, 16, 9, EOS]])
    told = task().score([invented(batch, generated)])
    assert told["shown"]["exact_match"] == 0.5
    assert told["shown"]["phoneme_error_rate"] == pytest.approx(2 / 5)
    assert told["by"]["source_length"][0]["error_rate"] == pytest.approx(2 / 5)


def test_perfect_generations_have_no_error_and_without_any_none_is_claimed():
    batches = list(task().evaluation("val", 100))
    told = task().score([invented(batch, batch.targets) for batch in batches])
    assert (told["shown"]["exact_match"], told["shown"]["phoneme_error_rate"]) == (1.0, 0.0)
    assert set(task().score(map(invented, batches))["shown"]) == {"accuracy"}


def test_only_generated_examples_enter_the_error_rate():
    first, *rest = task().evaluation("val", 100)
    told = task().score([invented(first, np.full_like(first.targets, EOS)), *map(invented, rest)])
    assert told["shown"]["phoneme_error_rate"] == 1.0
    assert told["shown"]["exact_match"] == 0.0


def test_source_positions_run_from_the_first_to_the_last_symbol():
    groups = pair_groups(np.array([4, 2]), np.array([3, 5]), 5)
    assert groups["source_position"].tolist() == [[2, 3, 4, 4, 4], [1, 1, 2, 2, 2]]
    assert groups["position"].tolist() == [[1, 2, 3, 4, 5]] * 2


@TASKS
def test_every_breakdown_counts_every_target_once(make):
    told = make().score(map(invented, make().evaluation("val", 50)))
    counts = {name: sum(row["count"] for row in rows) for name, rows in told["by"].items()}
    assert counts.keys() == {"source_length", "source_position", "position"}
    assert len(set(counts.values())) == 1


def test_a_pair_of_one_symbol_makes_a_batch_of_one_row():
    batch = pair_batch(encode_pairs([[5]], [[[9]]]), np.array([0]))
    assert batch.inputs["source"].tolist() == [[5]]
    assert batch.inputs["tokens"].tolist() == [[BOS, 9]]
    assert batch.targets.tolist() == [[9, EOS]]


@pytest.mark.parametrize(("data", "metric"), [("g2p", "nats per phoneme"), ("digit_names", "nats per letter")])
def test_the_metric_names_the_target_unit(data, metric):
    assert task(data).metric == metric


@pytest.mark.parametrize("data", ["g2p", "dates", "digit_names"])
def test_the_stated_longest_lengths_are_those_of_the_data(data):
    pairs = load_pairs(data)
    rows = [pair for split in ("train", "val", "test") for pair in pairs.read(split)]
    assert pairs.longest_source == max(len(pair.source) for pair in rows)
    assert pairs.longest_target == max(len(target) for pair in rows for target in pair.targets)


def test_a_decoder_reads_pairs_with_positions_that_count_real_tokens():
    for entry in ("pre-ln", "llama"):
        spec = resolve(entry, None, {"d_model": 16, "n_layers": 1, "n_heads": 2})
        (position,) = build_task({"kind": "copy"}).adapt(spec)["decoder"]["position"]
        assert position["ids"] == "mask"
        assert spec["decoder"]["position"][0]["ids"] == "arange"


def test_a_digit_is_read_pixel_by_pixel_and_its_name_written():
    pixels, classes = load_images("digits").read("val")
    pairs = load_pairs("digit_names").read("val")
    assert [int(shade) for shade in pairs[0].source] == (pixels[0].ravel() * 16).round().tolist()
    names = {"".join(pair.targets[0]): int(name) for pair, name in zip(pairs, classes, strict=True)}
    assert names["seven"] == 7
    assert len(names) == 10
