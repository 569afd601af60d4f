"""Near copies: held-out texts that stand in training with small changes are counted, shown and kept."""

import json
import random

import pytest

from harness.datasets.near_copies import PASSAGE, near_copies, passages, runs
from harness.datasets.text import load_text


def sentence(words, seed):
    draw = random.Random(seed)
    return " ".join(f"w{draw.randrange(10_000)}" for _ in range(words))


@pytest.mark.parametrize(("changed", "found"), [(0, 1), (1, 1), (2, 0)])
def test_a_copy_counts_while_half_of_its_runs_of_words_stand_in_training(changed, found):
    text = sentence(20, 0)
    words = text.split()
    for place in (4, 9)[:changed]:
        words[place] = "other"
    # 16 runs of 5 words, of which each change away from the ends breaks 5
    assert near_copies([text, sentence(20, 1)], [" ".join(words)], "texts").startswith(f"near copies: {found} of 1")


def test_case_and_space_make_no_run_new_and_runs_may_come_from_several_texts():
    one, other = sentence(8, 0), sentence(8, 1)
    told = near_copies([one, other], [f"{one.upper()}  {other}"], "texts")
    assert told.startswith("near copies: 1 of 1 held-out texts have 50% or more of their runs of 5 words in training")
    assert one.upper()[:30] in told


def test_texts_too_short_to_judge_are_told_apart():
    assert near_copies(["a b c"], ["a b c"], "pairs") == "near copies: not looked for, no held-out text has 5 words"
    assert near_copies([], ["a b", sentence(9, 0)], "pairs").endswith("; 1 more are too short to tell")


def test_a_long_paragraph_is_judged_in_parts():
    text = f"{sentence(250, 0)}\n\n{sentence(3, 1)}\n\n"
    assert [len(part.split()) for part in passages(text)] == [PASSAGE, PASSAGE, 50, 3]
    assert len(list(runs(sentence(7, 0)))) == 3


def test_documents_that_differ_in_one_word_are_told_and_kept(tmp_path):
    said = [sentence(60, seed) for seed in range(100)]
    edited = [text.replace(text.split()[30], "changed") for text in said]
    path = tmp_path / "d.jsonl"
    path.write_text("\n".join(json.dumps({"text": text}) for text in [*said, *edited]))
    text = load_text(str(path), 16)
    held_out = sum(len(list(passages(text.read(split).decode()))) for split in ("val", "test"))
    assert f" of {held_out} held-out passages" in text.notes[-1]
    assert int(text.notes[-1].split()[2]) > held_out / 2
    assert sum(len(text.read(split)) for split in ("train", "val", "test")) == sum(map(len, [*said, *edited])) + 400
