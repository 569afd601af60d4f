"""The command line's frame: usage errors, JSON, completion, and the commands that only read."""

import json
import os
import signal
import subprocess
import sys

import pytest

from bestiary import completion
from bestiary.cli import run
from bestiary.launching import launch_of
from bestiary.options import Orders
from bestiary.output import finite
from bestiary.sweeping import resume
from catalog.citation import bibliography, bibtex, citation_key
from catalog.entries import Catalog
from harness.ledger import Attempt, Ledger, State

SPEC = {
    "format": 1,
    "seed": 0,
    "salt": "",
    "purpose": "reporting",
    "task": {"kind": "copy"},
    "train": {"learning_rate": 0.1},
}


def finished_run(root, seed=0, loss=1.0):
    ledger = Ledger.create(root)
    run = ledger.run_of({**SPEC, "seed": seed})
    with Attempt(run.folder, {**SPEC, "seed": seed}, "code") as attempt:
        attempt.finish({"state": "done", "steps": 5, "val": {"loss": loss}, "test": {"loss": loss}}, {})
    return run


def planned_sweep(root):
    folder = Ledger.create(root).sweep_folder("demo")
    folder.mkdir()
    (folder / "plan.json").write_text("{}")
    return folder


def test_a_misspelt_command_is_answered_with_the_near_one(cli):
    answer = cli("raport")
    assert answer.code == 2
    assert "Did you mean 'report'" in answer.err
    assert answer.out == ""


def test_a_misspelt_option_is_answered_with_the_possible_ones(cli):
    answer = cli("runs", "ls", "--jsn")
    assert answer.code == 2
    assert "--json" in answer.err
    assert "bestiary runs ls --help" in answer.err


def test_help_names_every_command_and_the_exit_codes(cli):
    answer = cli("--help")
    assert answer.code == 0
    for word in ("cite", "schema", "report", "runs", "130 Ctrl-C"):
        assert word in answer.out


def test_runs_are_listed_as_text_and_as_json(cli, tmp_path):
    run = finished_run(tmp_path / "runs")
    (row,) = cli("runs", "ls", "--out", tmp_path / "runs", "--json").json
    assert (row["id"], row["state"], row["loss"]) == (run.id, "done", 1.0)
    assert run.id in cli("runs", "ls", "--out", tmp_path / "runs").out


def test_runs_of_an_unknown_state_are_refused_with_the_known_ones(cli, tmp_path):
    finished_run(tmp_path / "runs")
    answer = cli("runs", "ls", "--out", tmp_path / "runs", "--state", "finished")
    assert answer.code == 2
    assert "diverged" in answer.err


def test_runs_of_an_unknown_variant_are_refused_with_the_nearest_known_one(cli, tmp_path):
    finished_run(tmp_path / "runs")
    answer = cli("runs", "ls", "--out", tmp_path / "runs", "--task", "coppy")
    assert answer.code == 2
    assert answer.err == "error: task: unknown (got 'coppy'; allowed: copy; did you mean copy?)\n"
    assert cli("runs", "ls", "--out", tmp_path / "runs", "--task", "copy").code == 0


def test_a_reader_that_stops_is_no_failure_of_a_full_command(tmp_path):
    finished_run(tmp_path / "runs")
    ls = f"{sys.executable} -m bestiary runs ls --json --out {tmp_path / 'runs'}"
    done = subprocess.run(
        ["bash", "-c", f"{ls} | (exec 0<&-; sleep 0.1); echo ${{PIPESTATUS[0]}}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "0"
    assert done.stderr == ""


def test_runs_of_a_folder_that_is_no_ledger_are_refused(cli, tmp_path):
    answer = cli("runs", "ls", "--out", tmp_path)
    assert answer.code == 2
    assert "no ledger" in answer.err
    assert "fault of the program" not in answer.err


def test_merging_counts_what_came_in(cli, tmp_path):
    finished_run(tmp_path / "here", seed=0)
    finished_run(tmp_path / "there", seed=0)
    finished_run(tmp_path / "there", seed=1)
    answer = cli("runs", "merge", tmp_path / "there", "--out", tmp_path / "here", "--json")
    assert answer.json == {"copied": 1, "present": 1, "replaced": 0, "unfinished": 0}
    assert len(cli("runs", "ls", "--out", tmp_path / "here", "--json").json) == 2


def test_a_run_is_removed_by_the_first_letters_of_its_id(cli, tmp_path):
    run = finished_run(tmp_path / "runs")
    assert cli("runs", "rm", run.id[:6], "--out", tmp_path / "runs", "--json").json == {"removed": [run.id]}
    assert cli("runs", "ls", "--out", tmp_path / "runs", "--json").json == []
    assert "no run" in cli("runs", "rm", run.id, "--out", tmp_path / "runs").err


def test_making_room_is_tried_before_it_is_done(cli, tmp_path):
    run = finished_run(tmp_path / "runs")
    Ledger.open(tmp_path / "runs").set_aside(run)
    words = ["runs", "gc", "--out", tmp_path / "runs", "--json"]
    tried = cli(*words, "--dry-run").json
    assert (tried["removed"], tried["found"][0]["path"]) == (False, f"replaced/{run.id}.1")
    assert cli(*words).json == {**tried, "removed": True}
    assert cli(*words).json["found"] == []


def test_runs_are_exported_as_a_table(cli, tmp_path):
    finished_run(tmp_path / "runs", loss=2.5)
    file = tmp_path / "tables" / "runs.csv"
    assert cli("runs", "export", file, "--out", tmp_path / "runs").out == f"1 runs in {file}\n"
    header, row = file.read_text().splitlines()
    assert header.startswith("id,sweeps,variants,task")
    assert ",2.5,2.5," in row
    assert "allowed: .csv, .parquet" in cli("runs", "export", tmp_path / "runs.xls", "--out", tmp_path / "runs").err


def test_parquet_without_an_engine_says_what_to_install(cli, tmp_path, monkeypatch):
    def refuse(self, path, index):
        raise ImportError("Unable to find a usable engine")

    monkeypatch.setattr("pandas.DataFrame.to_parquet", refuse)
    finished_run(tmp_path / "runs")
    answer = cli("runs", "export", tmp_path / "runs.parquet", "--out", tmp_path / "runs")
    assert answer.code == 2
    assert "`pip install pyarrow`" in answer.err
    assert not (tmp_path / "runs.parquet").exists()


@pytest.mark.parametrize(
    ("order", "told"),
    [({"only": ["done"]}, "allowed: diverged, error"), ({"keep": "all"}, "allowed: none, best, last")],
)
def test_a_state_or_a_rule_that_is_unknown_is_refused(order, told, tmp_path):
    with pytest.raises(ValueError, match=told):
        launch_of(Orders(out=tmp_path, **order))


def test_resuming_only_some_states_gives_them_to_the_command_that_started_the_sweep(tmp_path, monkeypatch):
    folder = planned_sweep(tmp_path / "runs")
    (folder / "command.json").write_text('["sweep", "demo", "--preset=smoke"]')
    given = []
    monkeypatch.setattr("bestiary.cli.run", lambda words: given.append(words) or 0)
    assert resume(sweep="demo", out=tmp_path / "runs", only=["oom", "diverged"], workers=2) == 0
    own = [f"--out={tmp_path / 'runs'}", "--yes", "--only=oom", "--only=diverged", "--workers=2"]
    assert given == [["sweep", "demo", "--preset=smoke", *own]]


def test_failed_stands_for_every_state_of_failure(tmp_path):
    assert launch_of(Orders(out=tmp_path, only=["failed"])).only == {State.OOM, State.ERROR}
    assert launch_of(Orders(out=tmp_path)).only is None


def test_a_merge_of_contradicting_runs_copies_nothing(cli, tmp_path):
    finished_run(tmp_path / "here", loss=1.0)
    finished_run(tmp_path / "there", loss=2.0)
    finished_run(tmp_path / "there", seed=1)
    answer = cli("runs", "merge", tmp_path / "there", "--out", tmp_path / "here")
    assert answer.code == 2
    assert "nothing was copied" in answer.err
    assert len(cli("runs", "ls", "--out", tmp_path / "here", "--json").json) == 1


def test_a_report_is_found_by_name_by_folder_and_as_the_only_one(cli, tmp_path, monkeypatch):
    monkeypatch.setattr("reports.write", lambda folder, root, into: folder / "report" / "index.html")
    folder = planned_sweep(tmp_path / "runs")
    pages = {
        cli("report", *words).out.strip()
        for words in ([folder], [folder.name, "--out", tmp_path / "runs"], ["--out", tmp_path / "runs"])
    }
    assert pages == {str(folder / "report" / "index.html")}


def test_a_report_of_an_unknown_sweep_names_the_known_ones(cli, tmp_path):
    folder = planned_sweep(tmp_path / "runs")
    answer = cli("report", folder.name + "x", "--out", tmp_path / "runs")
    assert answer.code == 2
    assert f"did you mean {folder.name}?" in answer.err


def test_the_schema_is_json_and_names_the_model(cli):
    assert "model" in cli("schema").json["properties"]
    assert cli("schema", "--json").out == cli("schema").out


def test_a_paper_that_two_entries_share_is_cited_once(cli):
    assert cli("cite", "pre-ln", "post-ln").out.count("@") == len(
        {row["bibtex"] for row in cli("cite", "pre-ln", "post-ln", "--json").json}
    )


def test_citing_an_unknown_entry_names_the_near_one(cli):
    answer = cli("cite", "pre-lm")
    assert answer.code == 2
    assert "pre-ln" in answer.err


def test_a_citation_holds_what_a_bibliography_needs():
    paper = {
        "title": "On Parts",
        "authors": ["Łucja Źdźbło", "B. Two"],
        "year": 2020,
        "url": "https://x.org",
        "arxiv": "2001.00001",
    }
    assert citation_key(paper) == "zdzbo2020parts"
    text = bibtex(paper)
    assert "author = {Łucja Źdźbło and B. Two}" in text
    assert "eprint = {2001.00001}" in text
    assert bibtex({**paper, "venue": "ICML"}).startswith("@inproceedings")


def test_teams_further_authors_and_signs_are_written_as_bibtex_reads_them():
    paper = {"title": "Parts & 90% more", "authors": ["Qwen Team", "Ada One", "and others"], "year": 2020, "url": "u"}
    text = bibtex(paper)
    assert "author = {{Qwen Team} and Ada One and others}" in text
    assert r"title = {{Parts \& 90\% more}}" in text


def test_every_paper_of_the_catalog_has_a_key_of_its_own():
    known = Catalog()
    found = bibliography(known.raw(name)["paper"] for name in known.sources)
    keys = [text.split("{")[1].split(",")[0] for text in found.values()]
    assert len(set(keys)) == len(keys) > 200


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_that_json_does_not_know_becomes_null(value):
    assert json.dumps(finite({"a": [value, 1.5]})) == '{"a": [null, 1.5]}'


def test_the_shell_completes_an_entry(monkeypatch, capsys):
    words = {"_BESTIARY_COMPLETE": "complete_bash", "COMP_WORDS": "bestiary show pre-l", "COMP_CWORD": "2"}
    for name, value in words.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit):
        run([])
    assert "pre-ln" in capsys.readouterr().out.split()


def completed(monkeypatch, capsys, line):
    words = {"_BESTIARY_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(len(line.split(" ")) - 1)}
    for name, value in words.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit):
        run([])
    return capsys.readouterr().out.split()


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("bestiary li", "list"),
        ("bestiary list --st", "--stack"),
        ("bestiary list --stack enc", "encoder_decoder"),
        ("bestiary list --trait g", "gqa"),
        ("bestiary list --sort -ye", "-year"),
        ("bestiary list --columns id,par", "id,params"),
        ("bestiary list --filter nor", "norm="),
        ("bestiary list --filter norm = rms", "rms_norm"),
        ("bestiary list --task language", "language_modelling"),
        ("bestiary tree variant/ro", "variant/rope"),
        ("bestiary axes posi", "position"),
        ("bestiary matrix mix", "mixer"),
        ("bestiary diff gpt-2 lla", "llama"),
        ("bestiary cite variant/al", "variant/alibi"),
        ("bestiary new mine --extends pre", "pre-ln"),
    ],
)
def test_the_shell_completes_commands_options_and_their_values(monkeypatch, capsys, line, word):
    assert word in completed(monkeypatch, capsys, line)


def test_a_new_entry_is_sound_as_it_stands_and_names_its_schema(cli, tmp_path):
    answer = cli("new", "mine", "--extends", "gpt-2", "--catalog", tmp_path / "own", "--json")
    assert answer.json == {"id": "mine", "extends": "gpt-2", "file": str(tmp_path / "own" / "mine.yaml")}
    assert json.loads((tmp_path / "own" / ".entry-schema.json").read_text())["title"] == "Bestiary entry"
    assert cli("show", "mine", "--catalog", tmp_path / "own").code == 0
    assert cli("new", "variant/mine", "--catalog", tmp_path / "own").code == 0
    assert cli("show", "variant/mine", "--catalog", tmp_path / "own").code == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["gpt-2"], "new: the id 'gpt-2' is taken by"),
        (["../x"], "new: is no id (got '../x'; allowed: small letters"),
        (["mine", "--extends", "gpt2"], "did you mean gpt-2?"),
    ],
)
def test_an_entry_that_cannot_be_made_is_refused(cli, tmp_path, words, message):
    answer = cli("new", *words, "--catalog", tmp_path / "own")
    assert answer.code == 2
    assert message in answer.err
    assert not list(tmp_path.glob("own/*.yaml"))


def test_completion_knows_entries_tasks_and_presets():
    assert "pre-ln" in completion.entries("pre")
    assert "language_modelling" in completion.tasks("")
    assert completion.presets("s") == ["smoke"]


def test_a_request_to_end_is_answered_like_ctrl_c_whatever_the_command_is_at(cli, monkeypatch):
    monkeypatch.setattr("bestiary.cli.run", lambda words: os.kill(os.getpid(), signal.SIGTERM))
    answer = cli("sweep", "demo")
    assert answer.code == 130
    assert "run the same command again to go on" in answer.err
