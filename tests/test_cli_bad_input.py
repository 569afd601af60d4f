"""Whatever a person gets wrong: one clear message with what to do, its exit code, no traceback, nothing written."""

import pytest

FACTS = (
    "name: Own\ndate: 2020-01\nchange: none\npaper: {title: T, authors: [A], year: 2020, url: https://example.org}\n"
)
ENTRIES = {
    "tab": ("extends: pre-ln\n\tname: Own\n", "own/own.yaml:2: the line is indented with a tab"),
    "twice": ("name: A\nname: B\nextends: pre-ln\n", "own/own.yaml:2: the key 'name' is given twice"),
    "type": (FACTS + "extends: pre-ln\nmodel: {n_layers: two}\n", "n_layers: does not fit (got 'two'"),
    "cycle": (FACTS + "extends: own\n", "cycle: own -> own"),
    "parent": (FACTS + "extends: pre-lm\n", "did you mean pre-ln?"),
    "key": (FACTS + "extends: pre-ln\nmodle: {}\n", "did you mean model?"),
    "kind": (FACTS + "extends: pre-ln\nmodel: {head: {kind: lmm}}\n", "did you mean lm?"),
    "no map": ("- a\n", "an entry must be a map"),
}


@pytest.mark.parametrize("fault", ENTRIES)
@pytest.mark.parametrize("command", [["show"], ["check"], ["compare", "pre-ln", "--task=copy", "--dry-run"]])
def test_a_faulty_entry_is_told_with_its_line(cli, tmp_path, monkeypatch, fault, command):
    text, told = ENTRIES[fault]
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "own.yaml").write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BESTIARY_CATALOG", "own")
    answer = cli(*command, "own")
    assert (answer.code, answer.out) == (2, "")
    assert told in answer.err
    assert "own/own.yaml:" in answer.err
    assert "Traceback" not in answer.err


@pytest.mark.parametrize(
    ("content", "told"),
    [(None, "no such text"), (b"", "is empty"), (b"\x00\x01", "is binary"), (b"abc\n", "too small")],
)
def test_a_text_that_cannot_serve_is_told_before_anything_runs(cli, tmp_path, content, told):
    file = tmp_path / "own.txt"
    if content is not None:
        file.write_bytes(content)
    words = ["compare", "pre-ln", "post-ln", "--task", "language_modelling", "--data", file, "--out", tmp_path / "runs"]
    answer = cli(*words)
    assert answer.code == 2
    assert told in answer.err
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["pre-ln", "bert", "--task", "language_modelling"], "no exact loss for bert (encoder)"),
        (["pre-ln", "post-ln", "--task", "copy", "--set", "budget.match=10"], "no width meets the budget"),
        (["pre-ln", "post-ln", "--task", "copy", "--device", "tpu"], "allowed: "),
        (["pre-ln", "post-ln", "--task", "copy", "--set", "learning_rates=0"], "numbers above 0"),
        (["pre-ln", "post-ln", "--task", "copy", "--set", "size.n_heads=5"], "error: --set size.n_heads: tables.copy."),
        (["alphafold", "gpt-2", "--task", "copy"], "alphafold is listed with facts alone: needs"),
    ],
)
def test_a_comparison_that_cannot_be_is_refused_in_the_plan(cli, tmp_path, words, told):
    answer = cli("compare", *words, "--out", tmp_path / "runs")
    assert answer.code == 2
    assert told in answer.err
    assert "comparisons.yaml" not in answer.err
    assert not (tmp_path / "runs").exists()


def test_an_output_that_is_a_file_is_refused(cli, tmp_path):
    (tmp_path / "runs").write_text("")
    answer = cli("compare", "pre-ln", "post-ln", "--task", "copy", "--preset", "smoke", "--out", tmp_path / "runs")
    assert answer.code == 2
    assert "a ledger is a folder" in answer.err


def test_a_disk_that_refuses_is_told_with_exit_code_four(cli, tmp_path, monkeypatch):
    def full(*arguments, **more):
        raise OSError(28, "No space left on device", str(tmp_path))

    monkeypatch.setattr("harness.ledger.files.os.replace", full)
    answer = cli("compare", "pre-ln", "post-ln", "--task", "copy", "--preset", "smoke", "--out", tmp_path / "runs")
    assert answer.code == 4
    assert "the disk is full" in answer.err


def test_debug_shows_the_traceback_before_the_message(cli):
    answer = cli("cite", "pre-lm", "--debug")
    assert answer.code == 2
    assert answer.err.startswith("Traceback")
    assert answer.err.splitlines()[-1].startswith("error: unknown entry")
