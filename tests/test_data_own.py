"""A user's own rows: fields by name, bad lines by number, splits that share nothing, and what was dropped."""

import json
import re
import sys
from types import SimpleNamespace

import pytest

from harness.datasets.address import address, whole
from harness.datasets.own_labelled import read_labelled
from harness.datasets.own_pairs import read_pairs
from harness.datasets.own_rows import read_rows
from harness.datasets.splitting import normal
from harness.datasets.text import load_text
from harness.tasks.registry import build_task
from harness.tasks.text_scores import text_scores
from task_samples import SPECS, invented

PAIRS = [(f"source number {i}", f"target {i % 5}") for i in range(60)]


def rows(data, fields=("source", "target"), **options):
    return read_rows(address(str(data)), fields, **options)[0]


def tsv(path, lines, header=None):
    path.write_text("\n".join("\t".join(line) for line in ([header] if header else []) + list(lines)) + "\n")
    return path


def jsonl(path, records):
    path.write_text("\n".join(map(json.dumps, records)))
    return path


def test_columns_are_the_first_ones_or_those_that_the_first_line_names(tmp_path):
    bare = rows(tsv(tmp_path / "bare.tsv", PAIRS))
    named = rows(tsv(tmp_path / "named.tsv", [(t, "x", s) for s, t in PAIRS], ("target", "note", "source")))
    other = tsv(tmp_path / "other.tsv", PAIRS, ("fr", "en"))
    assert bare == named == rows(f"{other}?source=fr&target=en") == {"all": PAIRS}


def test_fields_of_json_lines_may_lie_in_maps_and_a_list_is_several_targets(tmp_path):
    path = jsonl(tmp_path / "a.jsonl", [{"t": {"en": "a", "de": "b"}}, {"t": {"en": "c", "de": ["d", "e"]}}])
    found = rows(f"{path}?source=t.en&target=t.de", several=True)
    assert found == {"all": [("a", "b"), ("c", "d", "e")]}


def test_every_bad_line_is_counted_and_the_first_are_told_with_their_place(tmp_path):
    path = tsv(tmp_path / "bad.tsv", [("a", "b"), ("alone",), (" ", "b"), *[("x",)] * 9])
    with pytest.raises(ValueError, match=re.escape(f"data: {path}:2: 1 column, needs 2: source, target")) as caught:
        rows(path)
    told = str(caught.value).splitlines()
    assert told[1] == f"data: {path}:3: an empty value"
    assert told[-1] == f"data: {path}: and 6 more bad lines"
    assert len(told) == 6


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "a.jsonl:1: is no JSON"),
        ("[]", "a.jsonl:1: is no JSON object"),
        ("[" * 100_000, "a.jsonl:1: is no JSON"),
        ('{"source": "a", "source": "b"}', "a.jsonl:1: has the field source twice"),
        ('{"src": "a"}', r"a.jsonl:1: has no field source \(got src\)"),
        ('{"source": null, "target": "b"}', r"a.jsonl:1: source is no text \(got null\)"),
        ('{"source": {"a": 1}, "target": "b"}', r"a.jsonl:1: source is no text"),
    ],
)
def test_a_line_without_its_fields_is_told(tmp_path, line, message):
    (tmp_path / "a.jsonl").write_text(line)
    with pytest.raises(ValueError, match=message):
        rows(tmp_path / "a.jsonl")


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("?sourse=a", r"names no field \(got 'sourse'; allowed: source, target; did you mean source\?\)"),
        ("?source=fr", r":1: has no column fr, target \(got a, b\)"),
    ],
)
def test_a_field_that_is_none_is_refused(tmp_path, query, message):
    path = tsv(tmp_path / "p.tsv", [("a", "b")])
    with pytest.raises(ValueError, match=message):
        rows(f"{path}{query}")


def test_a_file_without_rows_and_a_folder_without_splits_are_refused(tmp_path):
    (tmp_path / "a.csv").write_text("a,b")
    with pytest.raises(ValueError, match=r"a.csv holds no rows \(got .csv; allowed: .tsv, .jsonl\)"):
        rows(tmp_path / "a.csv")
    with pytest.raises(ValueError, match=r"must hold one file for each split \(got 0 of train; of: train.tsv"):
        rows(tmp_path)


def test_an_address_is_found_from_any_folder_and_keeps_its_fields(tmp_path, monkeypatch):
    path = tsv(tmp_path / "p.tsv", PAIRS)
    monkeypatch.chdir(tmp_path)
    assert whole("p.tsv?source=a") == f"{path}?source=a"
    assert whole("hf:a/b?text=c") == "hf:a/b?text=c"
    assert whole("g2p") == "g2p"


def test_no_source_stands_in_two_splits_however_it_is_written(tmp_path):
    shouted = [(source.upper() + " ", target) for source, target in PAIRS[:30]]
    splits, notes = read_pairs(str(tsv(tmp_path / "p.tsv", [*PAIRS, *shouted, ("source number 3", "another")])))
    sources = [normal(source) for pairs in splits.values() for source, _ in pairs]
    assert len(sources) == len(set(sources)) == 60
    assert {name: len(pairs) for name, pairs in splits.items()} == {"train": 54, "val": 3, "test": 3}
    assert notes == [
        "30 repeated pairs dropped",
        "1 sources with several targets, each of which is right; the first is trained on",
        "pairs: 54 train, 3 val, 3 test",
        "near copies: not looked for, no held-out text has 5 words",
    ]


def test_splits_do_not_depend_on_the_order_of_lines(tmp_path):
    one, _ = read_pairs(str(tsv(tmp_path / "a.tsv", PAIRS)))
    other, _ = read_pairs(str(tsv(tmp_path / "b.tsv", PAIRS[::-1])))
    assert all(set(one[split]) == set(other[split]) for split in one)


def test_given_splits_are_kept_and_what_leaks_into_a_later_one_is_dropped(tmp_path):
    for split, part in (("train", PAIRS[:40]), ("val", PAIRS[35:50]), ("test", PAIRS[48:])):
        tsv(tmp_path / f"{split}.tsv", part)
    splits, notes = read_pairs(str(tmp_path))
    assert {name: len(pairs) for name, pairs in splits.items()} == {"train": 35, "val": 13, "test": 12}
    assert notes[0] == "2 pairs of val stand in a later split too, and were dropped from val"
    assert notes[1] == "5 pairs of train stand in a later split too, and were dropped from train"


def test_texts_under_two_classes_and_classes_without_training_are_dropped(tmp_path):
    held = [(f"text {i}", "ab"[i % 2]) for i in range(40)] + [("Text 3", "a"), ("text 4", "a")]
    splits, notes = read_labelled(str(tsv(tmp_path / "l.tsv", held)))
    assert "text 3" not in {text for examples in splits.values() for text, _ in examples}
    assert notes[:2] == [
        "1 texts that stand under two labels dropped",
        "3 rows dropped in all, repeated ones included",
    ]
    for split, part in (("train", held[:30]), ("val", held[30:35]), ("test", [*held[35:40], ("odd", "c")])):
        tsv(tmp_path / f"{split}.tsv", part)
    assert read_labelled(str(tmp_path))[1][-1] == "1 held-out texts of classes that no training text has dropped"


def test_too_few_rows_or_one_class_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"too few pairs that differ \(got 3; allowed: 20 or more\)"):
        read_pairs(str(tsv(tmp_path / "few.tsv", PAIRS[:3])))
    twice = [("text", "a"), ("Text", "b")] * 20
    with pytest.raises(
        ValueError, match=r"too few texts that differ \(1 texts that stand under two labels dropped; 40"
    ):
        read_labelled(str(tsv(tmp_path / "twice.tsv", twice)))
    with pytest.raises(ValueError, match=r"all training texts are of one class \(got a; allowed: two or more\)"):
        read_labelled(str(tsv(tmp_path / "one.tsv", [(str(i), "a") for i in range(30)])))


def test_documents_of_a_jsonl_file_are_split_whole_and_repeats_are_told(tmp_path):
    said = [f"document {i} says {i * 7919 % 1000}, and then it says a few more words." for i in range(300)]
    text = load_text(str(jsonl(tmp_path / "d.jsonl", [{"text": t} for t in [*said, *said[:30]]])), 16)
    assert text.notes[0].startswith("30 repeated documents dropped: ")
    found = [part for split in ("train", "val", "test") for part in text.read(split).decode().split("\n\n") if part]
    assert sorted(found) == sorted(said)


@pytest.mark.parametrize("unit", ["character", "word", "bpe"])
def test_pairs_of_ones_own_are_learnt_by_both_stacks_and_written_back(tmp_path, unit, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    task = build_task({"kind": "sequence_to_sequence", "data": str(tsv(tmp_path / "p.tsv", PAIRS)), "unit": unit})
    for stack in task.stacks:
        spec = task.adapt(SPECS[stack])
        assert spec["vocab_size"] == task.target_vocabulary.end
    batch = next(task.evaluation("val", 3))
    assert {task.text_of(row.tolist()) for row in batch.targets} <= {target for _, target in PAIRS}
    assert task.prompt("source number 7")["source"].shape[0] == 1
    assert task.notes[-2] == "pairs: 54 train, 3 val, 3 test"


def test_options_that_the_data_cannot_honour_are_refused(tmp_path):
    path = str(tsv(tmp_path / "p.tsv", PAIRS))
    for block, message in (
        ({"unit": "word"}, r"unit: g2p has symbols of its own \(got 'word'; allowed: null\)"),
        ({"data": path, "vocabulary_size": 300}, r"vocabulary_size: only pieces have one \(got 300"),
    ):
        with pytest.raises(ValueError, match=message):
            build_task({"kind": "sequence_to_sequence", **block})


def test_a_text_too_long_to_make_room_for_is_refused(tmp_path):
    path = tsv(tmp_path / "p.tsv", [*PAIRS, ("x" * 5000, "y")])
    told = r"p.tsv holds a text of 5000 characters.*\(got 'x{20}'...; allowed: up to 4096\)"
    with pytest.raises(ValueError, match=told):
        build_task({"kind": "sequence_to_sequence", "data": str(path)})


def test_texts_that_are_cut_off_are_counted(tmp_path):
    path = tsv(tmp_path / "l.tsv", [("a " * i, "ab"[i % 2]) for i in range(1, 61)])
    task = build_task({"kind": "classification", "data": str(path), "length": 8, "unit": "word"})
    told = task.notes[-1]
    assert re.fullmatch(r"\d+ of \d+ training texts are longer than 8 words, and are cut off there", told)


def test_texts_of_ones_own_are_classified(tmp_path):
    path = tsv(tmp_path / "l.tsv", [(f"text {i} of it", "ab"[i % 2]) for i in range(60)], ("text", "label"))
    task = build_task({"kind": "classification", "data": str(path), "length": 8})
    assert task.classes == ["a", "b"]
    assert task.adapt(SPECS["encoder"])["head"]["n_classes"] == 2


def fake_datasets(monkeypatch, load):
    monkeypatch.setitem(sys.modules, "datasets", SimpleNamespace(load_dataset=load))


class Hub(list):
    features = {"label": SimpleNamespace(names=["bad", "good"]), "text": None}  # noqa: RUF012


def test_a_set_at_hugging_face_keeps_its_splits_and_names_of_classes(monkeypatch):
    asked = []

    def load(name, config, revision):
        asked.append((name, config, revision))
        parts = {"train": range(40), "validation": range(50, 60), "test": range(60, 70)}
        return {split: Hub({"text": f"text {i}", "label": i % 2} for i in part) for split, part in parts.items()}

    fake_datasets(monkeypatch, load)
    splits, notes = read_labelled("hf:a/b?config=c&revision=main")
    assert asked == [("a/b", "c", "main")]
    assert splits["val"][0] == ("text 50", "bad")
    assert notes[0] == "texts: 40 train, 10 val, 10 test"


@pytest.mark.parametrize(
    ("parts", "sizes", "note"),
    [
        ({"train": 40, "test": 9, "unsupervised": 5}, {"train": 38, "val": 2, "test": 9}, "not read: unsupervised"),
        ({"train": 40, "test": 9}, {"train": 38, "val": 2, "test": 9}, "validation was cut from training"),
        ({"train": 40, "validation": 20}, {"train": 54, "val": 3, "test": 3}, "joined and cut anew: train, val"),
    ],
)
def test_a_published_test_set_stays_whole_and_what_is_left_out_is_told(monkeypatch, parts, sizes, note):
    def load(*_, **__):
        return {
            split: Hub(
                {"text": f"{split} {i}", "label": -1 if split == "unsupervised" else i % 2} for i in range(count)
            )
            for split, count in parts.items()
        }

    fake_datasets(monkeypatch, load)
    splits, notes = read_labelled("hf:a/b")
    assert {split: len(held) for split, held in splits.items()} == sizes
    assert any(note in told for told in notes)
    assert ("test" not in parts) or all(text.startswith("test ") for text, _ in splits["test"])


def test_a_class_that_is_kept_back_is_no_class(monkeypatch):
    fake_datasets(monkeypatch, lambda *_, **__: {"train": Hub([{"text": "a", "label": -1}])})
    with pytest.raises(ValueError, match=r"hf:a/b: train:1: label is no text \(got null\)"):
        read_labelled("hf:a/b")


def test_without_a_network_or_the_library_it_says_what_to_do(monkeypatch):
    def load(*_, **__):
        raise ConnectionError("no route to host")

    fake_datasets(monkeypatch, load)
    with pytest.raises(ValueError, match=r"hf:a/b cannot be had .*\(no route to host\); without a network"):
        read_pairs("hf:a/b")
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(ValueError, match=r"hf:a/b needs the extra `data`: pip install 'bestiary\[data\]'"):
        load_text("hf:a/b", 8)


def test_bleu_and_chrf_get_every_right_answer_and_need_their_package(monkeypatch):
    task = build_task({"kind": "sequence_to_sequence", "data": "g2p", "evaluation_items": 40})
    batch = next(task.evaluation("val", 40))
    seen = {}

    def corpus(name):
        return lambda written, answers: seen.update({name: (written, answers)}) or SimpleNamespace(score=50.0)

    monkeypatch.setitem(sys.modules, "sacrebleu", SimpleNamespace(corpus_bleu=corpus("b"), corpus_chrf=corpus("c")))
    assert text_scores([invented(batch, batch.targets)], task.text_of) == {"bleu": 50.0, "chrf": 50.0}
    written, answers = seen["b"]
    assert list(written) == list(answers[0])
    assert {len(row) for row in answers} == {40}
    assert text_scores([invented(batch)], task.text_of) == {}
    asked = build_task({"kind": "sequence_to_sequence", "data": "g2p", "evaluation_items": 40, "text_scores": True})
    assert asked.score([invented(batch, batch.targets)])["shown"]["bleu"] == 50.0
    assert "bleu" not in task.score([invented(batch, batch.targets)])["shown"]
    monkeypatch.setitem(sys.modules, "sacrebleu", None)
    with pytest.raises(ValueError, match=r"text_scores: BLEU and chrF need the extra `metrics`"):
        build_task({"kind": "sequence_to_sequence", "text_scores": True})
