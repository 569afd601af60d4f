"""A new architecture of known parts is YAML alone, in a folder of the user's: listed, shown, checked and compared."""

import json
import os

import pytest

from bestiary import completion

MINE = """name: My hybrid
date: 2026-01
change: window attention with grouped heads after a recurrence, and a gated feed-forward layer
paper: {title: My hybrid, authors: [A. Person], year: 2026, url: "https://example.org/my-hybrid"}
model:
  d_model: 32
  n_layers: 4
  n_heads: 4
  n_kv_heads: 2
  d_ff: 64
  window: 16
  vocab_size: 256
  context_length: 128
  embedding: token
  decoder:
    position: rope
    norm: rms_norm
    residual: sandwich_norm
    blocks:
      local: {sublayers: [attention: {kind: softmax, visibility: {kind: window}}, ffn: {kind: gated}]}
      state: {sublayers: [recurrence: gru, ffn: {kind: gated}]}
    pattern: [state, local]
  head: lm
  init: normal
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("BESTIARY_CATALOG", raising=False)
    home = tmp_path / "mine"
    home.mkdir()
    (home / "my-hybrid.yaml").write_text(MINE)
    (home / "my-wider.yaml").write_text(
        MINE.split("model:")[0].replace("My hybrid", "My wider") + "extends: my-hybrid\nmodel: {d_ff: 96}\n"
    )
    return home


def test_it_is_listed_shown_and_told_apart(cli, folder):
    rows = {
        row["id"]: row for row in cli("list", "--catalog", folder, "--filter", "residual=sandwich_norm", "--json").json
    }
    assert rows["my-hybrid"]["kinds"]["recurrence"] == ["gru"]
    assert "2 x (state, local)" in cli("show", "my-hybrid", "--catalog", folder).out
    told = cli("diff", "my-hybrid", "my-wider", "--catalog", folder, "--json").json
    assert told["model"]["decoder.ffn.d_ff"] == {"a": 64, "b": 96}
    assert "example.org" in cli("cite", "my-hybrid", "--catalog", folder).out


def test_it_is_checked_and_then_its_size_is_known(cli, folder):
    assert cli("show", "my-hybrid", "--catalog", folder, "--json").json["built"] is None
    answer = cli("check", "my-hybrid", "--catalog", folder)
    assert answer.code == 0, answer.out
    built = cli("show", "my-hybrid", "--catalog", folder, "--json").json["built"]
    assert built["parameters"]["embedding"] == 256 * 32
    # two windows of 16 slots with 2 heads of 8 numbers, two states of 32
    assert built["state_bytes"] == {"fixed": 4 * (2 * 2 * 16 * 2 * 8 + 2 * 32), "per_token": 0}


@pytest.mark.parametrize(
    ("change", "told"),
    [("d_model: 36, n_heads: 12", "d_head=3 is odd"), ("d_model: 4000000000000", "overflow")],
)
def test_a_size_that_cannot_run_fails_though_the_tiny_model_passes(change, told, cli, folder):
    facts = MINE.split("model:")[0].replace("My hybrid", "My odd")
    (folder / "my-odd.yaml").write_text(f"{facts}extends: my-hybrid\nmodel: {{{change}}}\n")
    answer = cli("check", "my-odd", "--catalog", folder, "--json")
    assert answer.code == 1
    assert [told in fault for fault in answer.json[0]["faults"]["count"]] == [True]


def test_the_folder_is_in_use_for_the_length_of_a_command(cli, folder, monkeypatch):
    cli("cite", "my-hybrid", "--catalog", folder)
    assert "BESTIARY_CATALOG" not in os.environ
    assert cli("cite", "my-hybrid").code == 2
    monkeypatch.setenv("BESTIARY_CATALOG", str(folder))
    assert cli("cite", "my-hybrid").code == 0
    assert completion.entries("my-") == ["my-hybrid", "my-wider"]
    cli("cite", "pre-ln", "--catalog", folder.parent)
    assert os.environ["BESTIARY_CATALOG"] == str(folder)


@pytest.mark.parametrize("command", ["list", "show x", "diff x y", "cite x", "check x", "compare x y --task copy"])
def test_a_folder_that_is_missing_is_named(command, cli, folder):
    answer = cli(*command.split(), "--catalog", folder / "nowhere")
    assert answer.code == 2
    assert "nowhere: the catalog folder is missing" in answer.err


def test_every_command_that_takes_entries_takes_a_folder(cli):
    for command in (
        "list",
        "show",
        "diff",
        "cite",
        "check",
        "compare",
        "sweep",
        "resume",
        "generate",
        "import",
        "export",
    ):
        assert "--catalog" in cli(command, "--help").out, command


@pytest.mark.slow
def test_it_is_compared_and_resumed_from_elsewhere(cli, folder, tmp_path, monkeypatch):
    out = tmp_path / "runs"
    asked = ["--task", "language_modelling", "--preset", "smoke", "--out", out, "--json"]
    monkeypatch.chdir(folder.parent)
    answer = cli("compare", "pre-ln", "my-hybrid", "--catalog", "mine", *asked)
    assert answer.code == 0, answer.err
    arms = [arm["name"] for arm in answer.json["comparison"]["tables"][0]["arms"]]
    assert "my-hybrid" in arms
    (sweep,) = (out / "sweeps").iterdir()
    assert f"--catalog={folder}" in json.loads((sweep / "command.json").read_text())
    monkeypatch.chdir(tmp_path)
    again = cli("resume", "--out", out, "--json")
    assert again.json["counts"]["reused"] == again.json["counts"]["total"]
