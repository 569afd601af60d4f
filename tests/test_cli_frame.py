"""The command line's frame: usage errors, JSON, completion, and the commands that only read."""

import json
import os
import signal

import pytest
import typer

from bestiary import completion, fast
from bestiary.cli import app, run
from bestiary.launching import launch_of
from bestiary.options import Orders
from bestiary.output import finite
from bestiary.sweeping import resume
from catalog.citation import bibliography, bibtex, citation_key
from catalog.entries import Catalog
from harness.ledger import Ledger, State


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


def test_a_group_without_a_command_is_told_its_commands(cli):
    answer = cli("runs", "--json")
    assert answer.code == 2
    assert "bestiary runs takes a command first: ls, merge, rm" in answer.err


def commands():
    """The words of every command, and what typer knows of it."""
    for name, command in typer.main.get_command(app).commands.items():
        for verb, each in getattr(command, "commands", {"": command}).items():
            yield [name, *filter(None, [verb])], each


@pytest.mark.parametrize(("words", "command"), [pytest.param(*each, id=" ".join(each[0])) for each in commands()])
def test_every_command_answers_in_json_and_says_in_one_line_what_it_does(cli, words, command):
    known = fast.usage(words[0]).flags if words[0] in fast.COMMANDS else [o for p in command.params for o in p.opts]
    assert "--json" in known
    assert command.help.splitlines()[0].endswith(".")
    answer = cli(*words, "--jsno")
    assert answer.code == 2
    assert "--json" in answer.err


@pytest.mark.parametrize(
    ("words", "keys"),
    [
        (
            "list gpt-2",
            "id name date stack family extends sizes kinds traits parameters flops_per_token spec_hash file",
        ),
        ("show gpt-2", "id name date paper change stack lineage size sizes spec spec_hash built certificate drawing"),
        ("diff gpt-2 llama", "a b facts model parameters by_module figures"),
        ("tree llama", "root ancestors descendants tree"),
        ("axes norm", "axis kinds"),
        ("matrix position mixer", "rows columns stack down across refused"),
        ("cite gpt-2", "id bibtex"),
        ("schema sweep", "properties required title type"),
    ],
)
def test_what_programs_read_keeps_its_keys(cli, words, keys):
    answer = cli(*words.split(), "--json").json
    assert set(answer[0] if isinstance(answer, list) else answer) >= set(keys.split())


def test_help_names_every_command_and_the_exit_codes(cli):
    answer = cli("--help")
    assert answer.code == 0
    for word in ("cite", "schema", "report", "runs", "130 Ctrl-C"):
        assert word in answer.out


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
