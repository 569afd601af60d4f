"""Classification of texts and images: one loss for all stacks, vocabularies from training, trivial rows."""

import math
from collections import Counter
from functools import cache

import numpy as np
import pytest

from harness.tasks.registry import build_task
from harness.tasks.units import WordUnit, words
from harness.tasks.vocabulary import BOS, N_SPECIAL, PAD, UNKNOWN
from task_samples import IMAGES, SPECS, invented


@cache
def glosses(**options):
    return build_task({"kind": "classification", **options})


@cache
def digits():
    return build_task("image_classification")


def test_each_stack_reads_the_same_text_its_own_way():
    batches = {stack: glosses().for_model(SPECS[stack]).batch(0, 4, 16) for stack in SPECS}
    text = batches["encoder"].inputs["tokens"]
    assert np.array_equal(batches["decoder"].inputs["tokens"], text)
    pair = batches["encoder_decoder"].inputs
    assert np.array_equal(pair["source"], text)
    assert np.array_equal(pair["source_padding_mask"], batches["encoder"].inputs["padding_mask"])
    assert pair["tokens"].tolist() == [[BOS]] * 16


@pytest.mark.parametrize(("stack", "pool"), [("encoder", "mean"), ("decoder", "last"), ("encoder_decoder", "last")])
def test_each_stack_answers_through_a_classifier_of_25_classes(stack, pool):
    spec = glosses().adapt(SPECS[stack])
    assert (spec["head"]["kind"], spec["head"]["n_classes"], spec["head"]["pool"]) == ("classifier", 25, pool)
    assert (spec["vocab_size"], spec["context_length"]) == (8_192, 24)


def test_a_view_is_made_once_and_leaves_the_task_as_it_was():
    view = glosses().for_model(SPECS["encoder_decoder"])
    assert view is glosses().for_model(SPECS["encoder_decoder"])
    assert "source" not in glosses().batch(0, 0, 2).inputs
    assert view.digest() == glosses().digest()


def test_texts_are_padded_on_the_right_and_cut_at_their_length():
    batch = glosses().batch(0, 0, 200)
    ids, mask = batch.inputs["tokens"], batch.inputs["padding_mask"]
    assert np.array_equal(mask, ids != PAD)
    assert np.array_equal(mask.sum(1), batch.groups["source_length"])
    assert batch.groups["source_length"].max() == 24
    assert batch.groups["source_length"].min() >= 1


def test_the_vocabulary_holds_the_commonest_training_words_and_ties_go_by_the_alphabet():
    unit = WordUnit(["b b a", "c a", "d"], N_SPECIAL + 3)
    assert unit.encode("A b, C d") == [N_SPECIAL, N_SPECIAL + 1, UNKNOWN, N_SPECIAL + 2, UNKNOWN]
    assert WordUnit(["d", "c a", "b b a"], N_SPECIAL + 3).encode("a b c") == unit.encode("a b c")


def test_words_are_letters_digits_and_marks():
    assert words("Don't: 1,024 (Été)_x") == ["don", "'", "t", ":", "1", ",", "024", "(", "été", ")", "_", "x"]


def test_bytes_are_a_unit_too():
    task = glosses(unit="byte", length=64)
    spec = task.adapt(SPECS["encoder"])
    assert (spec["vocab_size"], spec["context_length"]) == (N_SPECIAL + 256, 64)
    first = task.batch(0, 0, 1).inputs["tokens"][0]
    assert bytes(int(i) - N_SPECIAL for i in first if i != PAD).decode().isprintable()


def test_trivial_rows_equal_a_count_in_plain_python():
    task = glosses()
    counts = Counter(int(c) for step in range(20) for c in task.batch(0, step, 1_000).targets)
    assert sum(counts.values()) == 20_000
    share = {c: (counts[c] + 1) / 20_025 for c in range(25)}
    top = max(share, key=lambda c: share[c])
    held_out = [int(c) for batch in task.evaluation("val", 300) for c in batch.targets]
    unigram = -sum(math.log(share[c]) for c in held_out) / len(held_out)
    majority = -sum(math.log(share[top] if c == top else (1 - share[top]) / 24) for c in held_out) / len(held_out)
    assert task.trivial()["unigram"]["val"] == pytest.approx(unigram, rel=1e-12)
    assert task.trivial()["majority"]["val"] == pytest.approx(majority, rel=1e-12)
    assert unigram < majority < math.log(25)


def test_accuracy_and_lengths_are_shown():
    told = glosses().score(map(invented, glosses().evaluation("val", 128)))
    thirds = [c % 3 == 0 for batch in glosses().evaluation("val", 128) for c in batch.targets]
    assert told["shown"]["accuracy"] == pytest.approx(np.mean(thirds))
    assert sum(row["count"] for row in told["by"]["source_length"]) == 2_000


def test_images_are_one_channel_of_8_by_8_in_the_unit_interval():
    batch = digits().batch(0, 0, 64)
    images = batch.inputs["tokens"]
    assert images.shape == (64, 1, 8, 8)
    assert images.dtype == np.float32
    assert (images.min(), images.max()) == (0.0, 1.0)
    assert set(batch.targets) == set(range(10))


def test_images_are_scored_whole_and_cut_into_16_patches():
    assert sum(len(batch.targets) for batch in digits().evaluation("test", 64)) == 355
    assert digits().adapt(IMAGES)["context_length"] == 16


def test_an_embedding_of_images_is_told_their_size_and_one_of_words_is_refused():
    assert digits().adapt(IMAGES)["embedding"] == {"kind": "patch", "patch_size": 2, "image_size": 8}
    with pytest.raises(ValueError, match=r"embedding: .*got token; allowed: kinds with a patch_size"):
        digits().adapt(SPECS["encoder"])
