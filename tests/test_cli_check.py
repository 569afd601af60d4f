"""`bestiary check`: what it prints of entries and of parts in a file, and how it ends."""

import pytest

from catalog import lint
from catalog.errors import Fault
from test_user_part import mixer
from variants import certificate

FIELDS = {"id", "ok", "faults", "structure", "seconds", "reused", "declared"}


def test_entries_of_one_structure_are_checked_once_and_the_number_is_printed(cli):
    answer = cli("check", "roberta", "xlm-roberta")
    lines = answer.out.splitlines()
    assert answer.code == 0
    assert [line.split()[:2] for line in lines[:2]] == [["ok", "roberta"], ["ok", "xlm-roberta"]]
    assert lines[-1].startswith("2 entries, 1 distinct structure, 0 failed, ")


def test_as_json_the_answer_is_an_array_and_the_lines_go_to_stderr(cli):
    answer = cli("check", "lstm-lm", "--json")
    (row,) = answer.json
    assert set(row) >= FIELDS
    assert row["ok"]
    assert "1 entry, 1 distinct structure, 0 failed" in answer.err


def test_a_wrong_published_count_fails_with_one_line_for_it(cli, tmp_path):
    facts = "name: Wrong\ndate: 2020-01\nchange: a count\nextends: lstm-lm\n"
    paper = "paper: {title: T, authors: [A], year: 2020, url: 'https://x.org'}\n"
    (tmp_path / "wrong.yaml").write_text(facts + paper + "sizes: {small: {}}\npublished: {small: 3}\n")
    answer = cli("check", "wrong", "--catalog", tmp_path)
    assert answer.code == 1
    assert "FAILED  wrong" in answer.out
    assert "parameters built, 3 published" in answer.out
    assert "1 failed" in answer.out.splitlines()[-1]


def test_an_entry_without_a_model_cannot_be_checked_and_says_why(cli):
    answer = cli("check", "gato")
    assert (answer.code, answer.out) == (2, "")
    assert "gato is listed with facts alone: needs an embedding for each modality" in answer.err


def test_with_all_entries_the_rules_of_the_catalog_are_checked(cli, monkeypatch):
    monkeypatch.setattr(certificate, "check_entries", lambda *words, **options: iter([]))
    monkeypatch.setattr(lint, "lint", lambda: [Fault("it.yaml", 2, "date", "2019-01", "is too early")])
    answer = cli("check", "--all")
    assert answer.code == 1
    assert "FAILED  it.yaml:2: date: is too early (got '2019-01')" in answer.out
    assert "1 failed" in answer.out.splitlines()[-1]


def test_one_thing_is_checked_at_a_time(cli):
    for words in ([], ["lstm-lm", "--all"], ["lstm-lm", "--part", "x.py"]):
        answer = cli("check", *words)
        assert answer.code == 2
        assert "name entries, or give --all for every one, or --part FILE or --task-file FILE" in answer.err


def test_a_part_of_ones_own_is_checked_and_a_fault_ends_with_one(cli, tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(mixer("self.up(total + u.sum(1, keepdim=True))"))
    answer = cli("check", "--part", file)
    assert answer.code == 1
    assert "FAILED  recurrence running_mean: decoder" in answer.out
    assert "visibility: " in answer.out
    assert answer.out.splitlines()[-1] == "1 kind in 2 places, 2 failed"


@pytest.mark.parametrize(("text", "told"), [("x = 1\n", "registers no kind"), ("x = (\n", "is no Python")])
def test_a_file_without_a_part_is_one_clear_line(text, told, cli, tmp_path):
    (tmp_path / "mine.py").write_text(text)
    answer = cli("check", "--part", tmp_path / "mine.py", "--json")
    assert (answer.code, answer.out) == (2, "")
    assert told in answer.err
    assert len(answer.err.splitlines()) == 1
