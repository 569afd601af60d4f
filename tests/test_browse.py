"""Browsing: what `list` chooses and shows, descent, axes and tables of combinations."""

import json
import re

import pytest

from bestiary import fast
from bestiary.__main__ import main
from bestiary.table import side_by_side
from catalog_samples import FACTS, MODEL_TEXT


@pytest.fixture
def ask(capsys):
    """Runs a command on the built-in entries."""

    def ask(*words):
        code = main([*words])
        output = capsys.readouterr()
        assert code == 0, output.err
        return output.out

    return ask


@pytest.fixture
def run(ask, tmp_path, monkeypatch):
    """Runs a command with three entries of one's own, and none of the built-in ones."""
    monkeypatch.setattr("catalog.folders.BUILT_IN", tmp_path / "none")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    home = tmp_path / "mine"
    home.mkdir()
    monkeypatch.setenv("BESTIARY_CATALOG", str(home))
    (home / "tiny.yaml").write_text(
        FACTS + "lab: Home\n" + MODEL_TEXT + "sizes: {s: {}, l: {n_layers: 4, n_kv_heads: 2}}\n"
    )
    (home / "tinier.yaml").write_text(FACTS.replace("2019", "2021") + "extends: tiny\nmodel: {d_model: 16}\n")
    (home / "tiniest.yaml").write_text(FACTS.replace("2019", "2020") + "extends: tinier\nmodel: {d_ff: 8}\n")
    return ask


def ids(out):
    return [line.split()[0] for line in out.splitlines()[1:]]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["tin*"], ["tinier", "tiniest", "tiny"]),
        (["tiny", "tinie?"], ["tinier", "tiny"]),
        (["tin*", "--year", "2020-"], ["tinier", "tiniest"]),
        (["tin*", "--lab", "home"], ["tiny"]),
        (["tin*", "--sort", "-year"], ["tinier", "tiniest", "tiny"]),
        (["tin*", "--trait", "gqa", "--sizes"], ["tinier@l", "tiniest@l", "tiny@l"]),
        (["tiny", "--sizes"], ["tiny", "tiny@l"]),
        (["tin*", "--task", "copy", "--filter", "d_ff=64"], ["tinier", "tiny"]),
    ],
)
def test_list_chooses_by_every_kind_of_condition(run, words, found):
    assert ids(run("list", *words)) == found


def test_list_shows_the_columns_that_are_asked_for(run):
    out = run("list", "tin*", "--columns", "year,d_model,norm,extends", "--sort", "year")
    assert [line.split() for line in out.splitlines()] == [
        ["id", "year", "d_model", "norm", "extends"],
        ["tiny", "2019", "32", "layer_norm", "-"],
        ["tiniest", "2020", "16", "layer_norm", "tinier"],
        ["tinier", "2021", "16", "layer_norm", "tiny"],
    ]
    assert run("list", "tiny", "--columns", "d_model,norm", "--csv") == "id,d_model,norm\ntiny,32,layer_norm\n"


def test_rows_of_sizes_say_their_size_in_json(run):
    rows = json.loads(run("list", "tiny", "--sizes", "--json"))
    assert [(row["id"], row["size"], row["dimensions"]["n_layers"]) for row in rows] == [
        ("tiny", "s", 2),
        ("tiny", "l", 4),
    ]
    assert "at_sizes" not in rows[0]


def test_what_another_kind_brings_along_at_its_default_is_left_out_of_a_diff(ask):
    model = json.loads(ask("diff", "gpt-2", "llama", "--json"))["model"]
    assert "decoder.position.kind" in model
    assert not {"decoder.position.layout", "decoder.position.offset", "decoder.norm.bias"} & set(model)
    assert "decoder.attention.bias" in model


def test_the_tree_of_an_entry_holds_all_that_descend_from_it(run):
    out = run("tree", "tiny").splitlines()
    assert [line.partition("  20")[0] for line in out] == ["tiny", "└─ tinier", "   └─ tiniest"]
    assert run("tree", "tiniest").splitlines()[0] == "from tiny → tinier"
    found = json.loads(run("tree", "tinier", "--json"))
    assert (found["ancestors"], found["descendants"]) == (["tiny"], ["tiniest"])
    assert json.loads(run("tree", "--json"))["ancestors"] == []


def test_what_nobody_verified_is_said_where_the_fact_itself_is_missing_too(ask):
    card = ask("show", "exaone-moe")
    assert re.search(r"^ *not verified +.*corpus.*model", card, re.MULTILINE)


def test_an_axis_tells_its_kinds_and_who_uses_them(run):
    axes = json.loads(run("axes", "--json"))
    assert [axis["axis"] for axis in axes][-1] == "traits"
    assert all({"kind", "doc", "paper", "options", "entries"} == set(kind) for axis in axes for kind in axis["kinds"])
    found = json.loads(run("axes", "position", "rope", "--json"))
    assert "tiny" in found["entries"]
    assert "theta" in found["options"]
    assert "tiny" in run("axes", "position", "rope")
    assert "rope_linear" in run("axes", "position")


def test_a_table_of_combinations_tells_reasons(run):
    out = run("matrix", "visibility", "stack")
    assert ["causal", "✓", "✓", "✓"] in [line.split() for line in out.splitlines()]
    assert "· a token of the decoder would see the future: " in out
    assert "visibility and stack" in run("matrix")
    (table,) = json.loads(run("matrix", "residual", "norm", "--json"))
    assert set(table) == {"rows", "columns", "stack", "down", "across", "refused"}


def test_show_takes_a_size_in_the_name_and_lists_every_part(run):
    assert json.loads(run("show", "tiny@l", "--json"))["spec"]["decoder"]["n_layers"] == 4
    assert "decoder.attention.n_heads" in run("show", "tiny", "--parts")


@pytest.mark.parametrize("columns", [80, 160])
@pytest.mark.parametrize(
    "words",
    [
        *(["list"], ["show", "deepseek-v2"], ["show", "gpt-4"], ["diff", "gpt-2", "llama"], ["tree"], ["axes"]),
        *(["list", "--help"], ["diff", "deepseek-v2", "llama-2"]),
        *(["axes", "attention"], ["axes", "norm", "rms_norm"], ["matrix"], ["matrix", "position", "mixer"]),
    ],
)
def test_no_line_is_wider_than_the_columns_there_are(ask, monkeypatch, words, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    assert max(map(len, ask(*words).splitlines())) <= columns


def test_a_listing_drops_columns_and_cuts_its_last_one_where_there_is_little_room(ask, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    head, row = ask("list", "gpt-2").splitlines()
    assert head.split() == ["id", "year", "params", "change"]
    assert (len(row), row[-1]) == (40, "…")


def test_two_long_values_share_the_line(monkeypatch):
    monkeypatch.setattr("bestiary.table.width", lambda: 30)
    lines = side_by_side(("k", "a", "b"), [["x", "one two three four", "five"]])
    assert lines == ["k  a                   b", "x  one two three four  five"]
    lines = side_by_side(("k", "a", "b"), [["x", "one two three four five six", "seven eight nine ten"]])
    assert max(map(len, lines)) <= 30
    assert " ".join(lines).split()[3:4] == ["x"]


@pytest.mark.parametrize("command", fast.COMMANDS)
def test_every_quick_command_has_help_and_json(run, command):
    assert run(command, "--help").startswith(f"usage: bestiary {command}")
    assert "--json" in fast.usage(command).flags
