"""`bestiary import` and `generate` with checkpoints of the transformers library and with entries."""

import json

import pytest

from test_weights_export import tiny
from variants import to_transformers

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory):
    """Folders as the library writes them, tiny, of a decoder, an encoder-decoder and an encoder."""
    home = tmp_path_factory.mktemp("checkpoints")
    return {entry: to_transformers(tiny(entry), home / f"My {entry}") for entry in ("gpt-2", "bart", "bert")}


@pytest.fixture(autouse=True)
def own(monkeypatch, tmp_path):
    monkeypatch.delenv("BESTIARY_CATALOG", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


def test_a_checkpoint_becomes_an_entry_that_is_shown_like_any_other(cli, checkpoints, tmp_path):
    answer = cli("import", checkpoints["gpt-2"], "--catalog", tmp_path / "mine", "--json")
    assert answer.code == 0, answer.err
    assert (answer.json["id"], answer.json["extends"]) == ("my-gpt-2", "gpt-2")
    card = cli("show", "my-gpt-2", "--catalog", tmp_path / "mine", "--json").json
    assert card["lineage"][:2] == ["my-gpt-2", "gpt-2"]
    assert list(card["sizes"]) == ["checkpoint"]


def test_an_id_that_is_taken_is_refused_and_another_can_be_given(cli, checkpoints, tmp_path):
    config = checkpoints["bart"] / "config.json"
    assert "the id 'bart' is taken by" in cli("import", config, "--id", "bart", "--catalog", tmp_path).err
    assert cli("import", config, "--id", "mine", "--catalog", tmp_path).out.strip() == str(tmp_path / "mine.yaml")


def test_an_import_without_a_place_or_a_config_is_refused(cli, checkpoints, tmp_path):
    answer = cli("import", checkpoints["gpt-2"])
    assert answer.code == 2
    assert "give --catalog DIR" in answer.err
    assert "config.json is missing" in cli("import", tmp_path, "--catalog", tmp_path).err


def test_a_checkpoint_without_a_tokenizer_reads_and_writes_numbers(cli, checkpoints):
    asked = ["generate", checkpoints["gpt-2"], "--prompt", "5 2", "--tokens", 6]
    written = cli(*asked, "--json").json
    assert written["written"] == " ".join(map(str, written["tokens"]))
    assert len(written["tokens"]) == 6
    assert cli(*asked).out.strip() == f"5 2 {written['written']}"
    third = str(written["tokens"][2])
    stopped = cli(*asked, "--stop", third, "--json").json["tokens"]
    assert stopped == written["tokens"][: written["tokens"].index(int(third))]
    assert "has no tokenizer (got 'x'; allowed: numbers of tokens from 0 to 36" in cli(*asked[:3], "5 x").err


def test_a_checkpoint_with_a_tokenizer_reads_and_writes_text(cli, checkpoints, tmp_path):
    from shutil import copytree

    from tokenizers import Tokenizer, models, pre_tokenizers

    words = {f"w{i}": i for i in range(36)} | {"[UNK]": 36}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    folder = copytree(checkpoints["gpt-2"], tmp_path / "with")
    tokenizer.save(str(folder / "tokenizer.json"))
    numbers = cli("generate", checkpoints["gpt-2"], "--prompt", "5 2", "--tokens", 6, "--json").json["tokens"]
    texts = cli("generate", folder, "--prompt", "w5 w2", "--tokens", 6, "--json").json
    assert texts["tokens"] == numbers
    assert texts["written"].split() == [f"w{i}" if i < 36 else "[UNK]" for i in numbers]
    assert "is 2 tokens; allowed: one" in cli("generate", folder, "--prompt", "w5", "--stop", "w1 w2").err


def test_an_encoder_decoder_answers_a_source_and_ends_at_its_own_stop(cli, checkpoints, tmp_path):
    from shutil import copytree

    folder = copytree(checkpoints["bart"], tmp_path / "bart")
    asked = ["generate", folder, "--source", "5 2 9", "--tokens", 6, "--json"]
    first = cli(*asked).json["tokens"]
    (folder / "generation_config.json").write_text(json.dumps({"eos_token_id": [first[1], 35]}))
    assert cli(*asked).json["tokens"] == first[: first.index(first[1])]
    assert "this model takes --source (got --prompt)" in cli("generate", folder, "--prompt", "5").err


def test_an_entry_decodes_untrained_and_says_so(cli):
    answer = cli("generate", "mistral-7b", "--prompt", "5 2", "--tokens", 4, "--temperature", 1, "--top-k", 3)
    assert answer.code == 0, answer.err
    assert len(answer.out.split()) == 6
    assert "tiny and untrained" in answer.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["gpt-2x", "--prompt", "5"], "no folder and no entry is called 'gpt-2x', and runs holds no runs"),
        (["gpt-2"], "give --prompt or --source (got neither)"),
        (["bert", "--prompt", "5"], "bert is an encoder, which writes nothing"),
        (["gpt-2", "--prompt", "5", "--beam", "2", "--temperature", "1"], "--beam searches and --temperature draws"),
        (["gpt-2", "--prompt", "5", "--length-penalty", "1"], "give --beam too"),
        (["gpt-2", "--prompt", "5", "--top-p", "0.5"], "at temperature=0 nothing is"),
        (["gpt-2", "--prompt", " "], "prompt: is empty"),
        (["gpt-2", "--prompt", "1 " * 24], "takes 24 tokens; allowed: at most 23"),
    ],
)  # fmt: skip
def test_what_cannot_be_written_is_refused_in_one_line(words, told, cli):
    answer = cli("generate", *words)
    assert answer.code == 2
    assert told in answer.err
    assert len(answer.err.splitlines()) <= 2


def test_a_checkpoint_that_is_an_encoder_writes_nothing(cli, checkpoints):
    assert "its model is an encoder" in cli("generate", checkpoints["bert"], "--prompt", "5").err
