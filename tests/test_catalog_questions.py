"""The questions that README answers with one command each, and their answers."""

import json
import re

import pytest

from bestiary.__main__ import main
from repository import ROOT


@pytest.fixture
def ask(capsys, monkeypatch):
    monkeypatch.delenv("BESTIARY_CATALOG", raising=False)

    def ask(*words):
        assert main([*words, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    return ask


def test_every_command_that_readme_answers_with_is_tried_here():
    section = re.search(r"## Questions to the catalog\n(.*?)\n## ", (ROOT / "README.md").read_text(), re.DOTALL)[1]
    commands = re.findall(r"\| `bestiary ([^`]*)` \|", section)
    tried = (ROOT / "tests" / "test_catalog_questions.py").read_text()
    assert not [
        line
        for line in commands
        if not line.startswith("compare") and repr(line.split())[1:-1].replace("'", '"') not in tried
    ]


def test_which_encoder_decoders_use_relative_positions(ask):
    rows = ask("list", "--stack", "encoder_decoder", "--trait", "relative_position")
    found = {row["id"] for row in rows}
    assert {"t5", "t5-v1.1", "mt5", "umt5", "t5gemma"} <= found
    assert not found & {"transformer", "bart", "mbart", "pegasus", "marian"}


def test_what_llama_changed_over_gpt_2(ask):
    model = ask("diff", "gpt-2", "llama")["model"]
    assert model["decoder.norm.kind"] == {"a": "layer_norm", "b": "rms_norm"}
    assert model["decoder.position.kind"] == {"a": "learned", "b": "rope"}
    assert model["decoder.ffn.kind"] == {"a": "mlp", "b": "gated"}
    assert model["decoder.attention.bias"] == {"a": "qkvo", "b": "none"}
    assert model["head.tied"] == {"a": True, "b": False}
    assert "decoder.residual.kind" not in model


def test_which_entries_fit_100_to_150_million_parameters_with_grouped_queries(ask):
    rows = ask("list", "--params", "100M-150M", "--trait", "gqa")
    assert {(row["id"], row["size"], row["parameters"]) for row in rows} == {("smollm2", "135m", 134_515_008)}


def test_who_descends_from_bart(ask):
    found = ask("tree", "bart")
    assert found["ancestors"] == ["transformer"]
    assert {"mbart", "m2m-100", "htlm", "cm3"} <= set(found["descendants"])
    assert not {"bert", "t5", "bart"} & set(found["descendants"])


def test_bytes_of_cache_for_each_token_in_deepseek_v2_and_llama_2_7b(ask):
    rows = ask("list", "deepseek-v2", "llama-2", "--columns", "cache")
    found = {row["id"]: row["cache_bytes_per_token"] for row in rows}
    # two bytes each: 60 layers of a latent of 512 numbers and a key of 64, 32 layers of keys and values of 4,096
    assert found == {"deepseek-v2": 60 * (512 + 64) * 2, "llama-2": 32 * 2 * 4096 * 2}
