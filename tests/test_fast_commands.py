"""`list`, `show` and `diff` answer without loading anything heavy, and a mistake is one clear line."""

import csv
import errno
import io
import json
import os
import subprocess
import sys

import pytest

from bestiary import failures
from bestiary.__main__ import main
from catalog.certified import remember
from catalog_samples import FACTS, MODEL_TEXT

HEAVY = ("torch", "pandas", "matplotlib", "typer", "rich", "pydantic", "numpy", "transformers", "scipy")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("BESTIARY_CATALOG", str(tmp_path))
    (tmp_path / "tiny.yaml").write_text(FACTS + MODEL_TEXT)
    (tmp_path / "tinier.yaml").write_text(FACTS + "extends: tiny\nmodel: {d_model: 16}\n")
    return tmp_path


@pytest.fixture
def run(capsys, monkeypatch, folder):
    """Runs a command in this process, without the built-in entries, which many a test would read anew."""
    monkeypatch.setattr("catalog.folders.BUILT_IN", folder / "none")

    def run(*words):
        code = main(words)
        output = capsys.readouterr()
        return code, output.out, output.err

    return run


@pytest.mark.parametrize(
    "words",
    [
        *(["list"], ["list", "--json"], ["list", "--params", "1K-", "--trait", "mha"], ["list", "-h"]),
        *(["show", "tiny"], ["diff", "tiny", "tinier"], ["tree"], ["axes"], ["matrix", "residual", "norm"]),
    ],
)
def test_nothing_heavy_is_loaded(words):
    code = f"import sys; from bestiary.__main__ import main; main({words}); main({words})\n"
    told = "print([m for m in sys.modules if m.partition('.')[0] in sys.argv[1:]], file=sys.stderr)"
    first = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    again = subprocess.run([sys.executable, "-c", code + told, *HEAVY], capture_output=True, text=True, check=True)
    assert first.stdout == again.stdout
    assert again.stderr.strip() == "[]"


def test_a_first_listing_loads_no_pydantic_either():
    code = "import sys; from bestiary.__main__ import main; main(['list'])\n"
    told = "print('pydantic' in sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code + told], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "False"


def test_list_shows_one_line_for_each_entry(run):
    code, out, _ = run("list", "--search", "tiny")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == ["id", "tinier", "tiny"]
    assert "\033" not in out


def test_list_as_json_is_an_array_of_objects_with_id(run):
    code, out, _ = run("list", "--json", "--filter", "d_model=16", "--filter", "norm=layer_norm", "--stack=decoder")
    rows = json.loads(out)
    assert code == 0
    assert [row["id"] for row in rows] == ["tinier"]


def test_list_as_csv_can_be_read_back(run):
    _, out, _ = run("list", "--csv", "--sort", "-id", "--filter", "vocab_size=100")
    assert [row["id"] for row in csv.DictReader(io.StringIO(out))] == ["tiny", "tinier"]


def test_list_without_a_match_says_so_and_json_is_empty(run):
    assert run("list", "--filter", "year>=2099") == (0, "", "no entry meets these conditions\n")
    assert run("list", "--filter", "year>=2099", "--json")[1] == "[]\n"


def test_a_broken_entry_does_not_hide_the_others(run, folder):
    (folder / "bad.yaml").write_text("a:\n\t- b")
    code, out, err = run("list")
    assert code == 2
    assert "tinier" in out
    assert "bad.yaml:2: the line is indented with a tab" in err


def test_show_draws_the_blocks(run):
    code, out, _ = run("show", "tiny")
    assert code == 0
    assert "attention: softmax" in out
    assert "not built" in out
    assert "A Title (Ada et al., 2019)" in out
    assert json.loads(run("show", "tiny", "--json")[1])["spec"]["d_model"] == 32


MEASURED = {
    "parameters": {"total": 12_345, "embedding": 3_200, "by_module": {"embedding": 3_200, "decoder.ffn": 9_145}},
    "flops_per_token": 9_000,
    "flops_per_pair": {"CausalVisibility": 10},
    "state_bytes": {"fixed": 64, "per_token": 128},
    "structure": "0" * 16,
}


def test_show_and_list_tell_what_building_measured(run, folder, monkeypatch):
    digest = json.loads(run("show", "tiny", "--json")[1])["spec_hash"]
    (folder / "built.json").write_text(json.dumps({digest: MEASURED}))
    monkeypatch.setattr("catalog.built.BUILT_FILE", folder / "built.json")
    lines = [line.strip() for line in run("show", "tiny", "--context", "3")[1].splitlines()]
    assert "parameters   12,345 (embedding 3,200)" in lines
    assert "decoder.ffn                         9,145" in lines
    # 6 of the 3 x 3 pairs are visible: 9,000 + 10 * 6 / 3
    assert "FLOPs        9,020 for each token (forward, in a text of 3 tokens)" in lines
    assert (
        "cache        64 bytes in bfloat16 (128 in float32) for each token; "
        "32 bytes in bfloat16 (64 in float32) at most for windows and states" in lines
    )
    assert "certificate  not checked here with this code; `bestiary check tiny`" in lines
    assert "12.3k" in run("list", "--search", "tiny")[1]
    remember("tiny", "0" * 16, [])
    assert "certificate  passed" in run("show", "tiny")[1]
    (row,) = json.loads(run("list", "tiny", "--json")[1])
    assert (row["parameters"], row["cache_bytes_per_token"], row["flops_per_token"]) == (12_345, 64, 9_085.0)


def test_diff_shows_what_differs(run):
    code, out, _ = run("diff", "tiny", "tinier")
    assert code == 0
    assert ["d_model", "32", "16"] in [line.split() for line in out.splitlines()]
    assert json.loads(run("diff", "tiny", "tinier", "--json")[1])["model"] == {"d_model": {"a": 32, "b": 16}}
    assert run("diff", "tiny", "tiny")[1] == "tiny and tiny do not differ\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["show", "tny"], "unknown entry (got 'tny'; allowed: an id that `bestiary list` shows; did you mean tiny?)"),
        (["show", "tiny", "--size", "big"], "unknown size (got 'big'; allowed: none, this entry has no sizes)"),
        (["show"], "show takes ID, got none; usage: bestiary show ID"),
        (["diff", "tiny"], "diff takes A B, got ['tiny']"),
        (["list", "--stak", "x"], "list has no option --stak; did you mean --stack?"),
        (["list", "--filter"], "--filter needs a value"),
        (["list", "--filter", "nrom=x"], "did you mean norm?"),
        (["list", "--sort", "dat"], "did you mean date?"),
        (["list", "--catalog", "/nowhere/at/all"], "the catalog folder is missing"),
        (["list", "tniy"], "unknown entry (got 'tniy'; allowed: an id that `bestiary list` shows; did you mean tiny?)"),
        (["list", "--year", "20x"], "--year: is no range (got '20x'; allowed: such as 2019-2021"),
        (["list", "--params", "5M-1M"], "--params: ends before it begins"),
        (["list", "--trait", "gqq"], "did you mean gqa?"),
        (["list", "--lab", "Gogle"], "--lab: no entry has it (got 'Gogle'; allowed: a part of any that `bestiary list"),
        (["list", "norm=rms_norm"], "is no id (got 'norm=rms_norm'; allowed: ids; a condition follows --filter"),
        (["list", "--columns", "yaer"], "did you mean year?"),
        (["list", "--task", "copyy"], "did you mean copy?"),
        (["show", "tiny", "--context", "1k"], "--context: does not fit (got '1k'; allowed: a whole number of tokens"),
        (["tree", "tniy"], "did you mean tiny?"),
        (["axes", "nrom"], "did you mean norm?"),
        (["axes", "rope"], "did you mean position rope?"),
        (["axes", "norm", "rms"], "did you mean rms_norm?"),
        (["matrix", "norm", "stack"], "matrix: no table of these axes (got 'norm stack'"),
        (["matrix", "mixr"], "did you mean mixer?"),
        (["tree", "a", "b"], "tree takes [ROOT], got ['a', 'b']"),
    ],
)
def test_a_mistake_is_one_clear_line_and_exit_code_two(run, words, message):
    code, out, err = run(*words)
    assert code == 2
    assert out == ""
    assert message in err
    assert err.startswith("error: ")
    assert err.count("\n") == 1


def test_debug_shows_where_it_went_wrong_and_keeps_the_exit_code(capsys):
    assert main(["--debug", "show", "tny"]) == 2
    shown = capsys.readouterr().err
    assert shown.startswith("Traceback")
    assert shown.splitlines()[-1].startswith("error: unknown entry")


def test_a_closed_pipe_is_no_failure(folder):
    command = f"{sys.executable} -m bestiary list --json | head -c 1 >/dev/null; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True, env=os.environ)
    assert done.stdout.strip() == "0"
    assert done.stderr == ""


def test_a_terminal_of_few_letters_still_gets_its_drawing():
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    command = [sys.executable, "-m", "bestiary", "show", "tiny"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert "+- 2 x default" in done.stdout


class Busy(Exception):
    exit_code = 3


@pytest.mark.parametrize(
    ("failure", "code", "message"),
    [
        (ValueError("budget too small"), 2, "error: budget too small"),
        (
            FileNotFoundError(errno.ENOENT, "No such file or directory", "a.txt"),
            2,
            "error: a.txt: No such file or directory",
        ),
        (OSError(errno.ENOSPC, "No space left", "runs/x"), 4, "error: runs/x: the disk is full; free some space"),
        (OSError(errno.EROFS, "Read-only", "runs"), 4, "error: runs: the folder is read-only"),
        (PermissionError(errno.EACCES, "Permission denied", "runs"), 4, "error: runs: permission denied"),
        (Busy("someone else runs this sweep"), 3, "error: someone else runs this sweep"),
        (KeyboardInterrupt(), 130, "interrupted; what was finished is kept"),
        (RuntimeError("odd\nthing"), 1, "error: RuntimeError: odd thing (a fault of the program; --debug shows where)"),
    ],
)
def test_every_failure_has_its_message_and_exit_code(capsys, failure, code, message):
    def work():
        raise failure

    assert failures.guarded(work) == code
    assert capsys.readouterr().err.startswith(message)
    assert failures.guarded(work, debug=True) == code
    assert "Traceback" in capsys.readouterr().err
