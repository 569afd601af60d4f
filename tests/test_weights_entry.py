"""An entry from a checkpoint's config: it extends the entry of its class and says only what differs."""

import json

import pytest

from catalog import resolve
from catalog.difference import difference
from catalog.merge import merge
from variants import from_transformers
from variants.registry import records
from variants.weights.entries import known_entries
from variants.weights.entry_from_config import entry_from_config
from variants.weights.importing import spec_of
from variants.weights.parity import tiny_reference

pytestmark = pytest.mark.filterwarnings("ignore")
# learned positions, two branches side by side, a pattern of blocks, two stacks, shared layers, experts
GPT2 = {"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"]}
ENTRIES = ("gpt-2", "gpt-j", "gemma-2", "t5", "albert", "mixtral")


@pytest.fixture(scope="module")
def known():
    return {each.id: each for each in known_entries()}


@pytest.mark.parametrize("entry", ENTRIES)
def test_the_entry_that_is_written_resolves_to_what_the_config_describes(known, entry, tmp_path):
    config = tiny_reference(known[entry]).config
    config.save_pretrained(tmp_path / "Tiny Model")
    written = entry_from_config(tmp_path / "Tiny Model")
    assert (written.id, written.parent) == ("tiny-model", entry)
    (tmp_path / "tiny-model.yaml").write_text(written.text)
    spec = resolve("tiny-model", user=tmp_path, records=records())
    assert spec == written.spec == spec_of(config, known[entry])


def test_a_config_that_differs_in_one_field_makes_an_entry_with_one_line(tmp_path):
    from transformers import LlamaConfig

    config = LlamaConfig(architectures=["LlamaForCausalLM"], num_hidden_layers=7)
    config.save_pretrained(tmp_path)
    written = entry_from_config(tmp_path / "config.json", "seven")
    assert (written.id, written.parent, written.model) == ("seven", "llama", {"n_layers": 7})


def test_what_a_config_does_not_tell_is_the_parents_and_marked_as_unverified(known, tmp_path):
    tiny_reference(known["gpt-2"]).config.save_pretrained(tmp_path / "mine")
    text = entry_from_config(tmp_path / "mine").text
    assert "unverified: [date, paper]" in text
    assert "Language Models are Unsupervised Multitask Learners" in text


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "is missing; give a folder with config.json"),
        ('{\n  "d": }', r"config\.json, line 2, column 8: this is no JSON \(Expecting value\)"),
        pytest.param("[" * 100_000, r"config\.json: this is nested too deep", id="deep"),
        (
            json.dumps(GPT2 | {"n_head": 5}),
            r"no model of gpt-2 can be built from it: n_heads=5 does not divide d_model",
        ),
        (b"\xff\xfe", r"config\.json is no text: byte 0 is not UTF-8"),
        ("[1]", "holds a list; allowed: a map"),
        (json.dumps({"model_type": "gpt2"}), "architectures=None; allowed: .* such as GPT2LMHeadModel"),
        (json.dumps({"model_type": "gpt2", "architectures": [7]}), r"architectures=\[7\]; allowed"),
        (json.dumps({"model_type": "gtp2", "architectures": ["GPT2LMHeadModel"]}), "no entry; did you mean gpt2"),
        (json.dumps({"architectures": ["GPT2LMHeadModel"]}), "model_type=None is that of no entry"),
        (json.dumps(GPT2 | {"n_layer": "two"}), "the library refuses it as a config of gpt2"),
        (json.dumps(GPT2 | {"n_layer": 2.5}), "the library refuses it as a config of gpt2"),
        (json.dumps(GPT2 | {"n_haed": 4}), "n_haed=4 .* does not have; did you mean n_head"),
        (json.dumps(GPT2 | {"position_embedding_type": "relative_key"}), "position_embedding_type='relative_key'"),
        (json.dumps({"model_type": "bert", "architectures": ["BertModel"]}), r"BertModel .*did you mean"),
    ],
)
def test_what_is_no_config_of_a_known_class_is_refused(content, told, tmp_path):
    if content is not None:
        (tmp_path / "config.json").write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ValueError, match=told):
        entry_from_config(tmp_path)


def test_a_folder_with_a_pickle_alone_is_refused_by_its_name(tmp_path):
    (tmp_path / "pytorch_model.bin").write_bytes(b"")
    with pytest.raises(
        ValueError, match=r"config\.json is missing.*a pickle \(pytorch_model\.bin\), which is not read"
    ):
        entry_from_config(tmp_path)


def test_unknown_fields_that_say_nothing_are_passed_over_by_name(tmp_path):
    more = {"unsloth_version": "1", "position_embedding_type": "absolute", "n_ctx": 1024, "quantization_config": None}
    (tmp_path / "config.json").write_text(json.dumps(GPT2 | more))
    written = entry_from_config(tmp_path, "plain")
    assert written.passed_over == ["n_ctx", "position_embedding_type", "unsloth_version"]


def test_a_library_model_with_a_field_that_nobody_knows_is_refused():
    from transformers import GPT2Config, GPT2LMHeadModel

    config = GPT2Config(n_layer=1, n_embd=8, n_head=2, vocab_size=9, attention_temperature=2.0)
    with pytest.raises(
        ValueError, match=r"attention_temperature=2\.0 is a field that the library's class does not have"
    ):
        from_transformers(GPT2LMHeadModel(config))


def test_a_field_that_no_table_reads_is_refused(known, tmp_path):
    config = tiny_reference(known["gpt-2"]).config
    config.scale_attn_weights = False
    config.save_pretrained(tmp_path)
    with pytest.raises(ValueError, match="scale_attn_weights=False is not understood"):
        entry_from_config(tmp_path)


def test_the_difference_of_two_models_merged_over_the_first_gives_the_second():
    rows = [{"attention": {"kind": "softmax", "bias": "qkv"}, "ffn": {"kind": "mlp"}}, {"more": {"kind": "mlp"}}]
    old = {"d_model": 8, "gone": 1, "norm": "layer_norm", "position": [{"kind": "rope"}], "sublayers": rows}
    changed = [{"attention": {"kind": "softmax", "bias": "none"}, "ffn": {"kind": "gated"}}, rows[1]]
    new = {"d_model": 9, "norm": {"kind": "layer_norm", "eps": 1.0}, "position": [], "sublayers": changed}
    said = difference(old, new)
    assert said == {
        "d_model": 9,
        "norm": {"eps": 1.0},
        "position": [],
        "sublayers": [{"attention": {"bias": "none"}, "ffn": {"kind": "gated"}}],
        "gone": None,
    }
    merged = merge(old, said)
    assert {name: value for name, value in merged.items() if value is not None} == {
        **new, "norm": {"kind": "layer_norm", "eps": 1.0}
    }  # fmt: skip
    assert difference(old, old) == {}
