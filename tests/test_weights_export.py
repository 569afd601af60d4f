"""What `to_transformers` writes is a folder that the library loads with equal logits, or a refusal that says why."""

import json

import pytest
import torch

from catalog import resolve
from variants import build_model, from_transformers, shrink, to_transformers
from variants.certificate.subject import randomise
from variants.registry import records
from variants.weights.entries import known_entries
from variants.weights.folders import load_folder
from variants.weights.parity import library_logits, make_inputs, tiny_reference

pytestmark = pytest.mark.filterwarnings("ignore")
# A tied head, fused and transposed, per head, gains less one with blocks in turn, two stacks, shared layers,
# buffers of one number.
ENTRIES = ("gpt-2", "gpt-neox-20b", "gemma-2", "mixtral", "bart", "t5", "t5-v1.1", "albert", "llama", "apertus")


def tiny(entry, **overrides):
    model = build_model(shrink(resolve(entry, overrides=overrides, records=records()))).eval()
    randomise(model)
    return model


@pytest.mark.parametrize("entry", ENTRIES)
def test_the_library_loads_what_was_written_with_equal_logits(entry, tmp_path):
    import transformers

    model = tiny(entry)
    to_transformers(model, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) >= ["config.json", "model.safetensors"]
    auto = {
        "bart": transformers.AutoModelForSeq2SeqLM,
        "t5": transformers.AutoModelForSeq2SeqLM,
        "t5-v1.1": transformers.AutoModelForSeq2SeqLM,
        "albert": transformers.AutoModelForMaskedLM,
    }.get(entry, transformers.AutoModelForCausalLM)
    reference, report = auto.from_pretrained(tmp_path, output_loading_info=True)
    assert not report["unexpected_keys"]
    inputs = make_inputs(model, "none", reference.config.pad_token_id)
    with torch.no_grad():
        apart = (library_logits(reference.eval(), inputs) - model(**inputs)).abs().max()
    assert apart < 1e-5  # the same float32 sums in another order


@pytest.mark.parametrize(
    ("entry", "case"),
    [
        ("qwen2-moe", "some-dense"),
        ("qwen3-moe", "some-dense"),
        ("llama-3", "linear"),
        ("llama-3", "longrope"),
        ("llama-3", "yarn-untruncated"),
        ("deepseek-v2", "plain"),
        ("llama-4", "dense-first"),
    ],
)
def test_another_case_than_the_entrys_own_is_written_as_it_was_read(entry, case, tmp_path):
    import transformers

    known = next(known for known in known_entries() if known.id == entry)
    reference = tiny_reference(known, case)
    model = from_transformers(reference)
    again = transformers.AutoModelForCausalLM.from_pretrained(to_transformers(model, tmp_path)).eval()
    inputs = make_inputs(model, "none", reference.config.pad_token_id)
    with torch.no_grad():
        assert (library_logits(again, inputs) - library_logits(reference, inputs)).abs().max() < 1e-5


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_folder_that_was_written_loads_back_to_the_same_tensors(entry, tmp_path):
    model = tiny(entry)
    again = load_folder(to_transformers(model, tmp_path))
    for (name, ours), theirs in zip(model.named_parameters(), again.parameters(), strict=True):
        # a gain that is stored less one loses its last bit
        assert torch.allclose(ours, theirs, rtol=0, atol=1e-6), name


def test_a_model_that_no_class_computes_is_refused_with_what_stands_in_the_way(tmp_path):
    model = tiny("gpt-2", **{"decoder.residual.kind": "rezero"})
    with pytest.raises(ValueError, match=r"gpt-2: decoder\.residual.*'rezero'"):
        to_transformers(model, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_entry_whose_tables_are_read_can_be_named(tmp_path):
    to_transformers(tiny("llama-2"), tmp_path, entry="mistral-7b")
    config = json.loads((tmp_path / "config.json").read_text())
    assert config["architectures"] == ["MistralForCausalLM"]
    assert config["sliding_window"] is None


def test_an_unknown_entry_is_refused(tmp_path):
    with pytest.raises(ValueError, match="'gpt-5' is unknown"):
        to_transformers(tiny("gpt-2"), tmp_path, entry="gpt-5")


def test_a_pickle_is_refused_by_name(tmp_path):
    to_transformers(tiny("gpt-2"), tmp_path)
    (tmp_path / "model.safetensors").rename(tmp_path / "pytorch_model.bin")
    with pytest.raises(ValueError, match=r"as a pickle \(pytorch_model\.bin\)"):
        load_folder(tmp_path)


def test_a_folder_without_weights_or_config_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"config\.json is missing"):
        load_folder(tmp_path)
    (tmp_path / "config.json").write_text('{"model_type": "gpt2"}')
    with pytest.raises(ValueError, match=r"architectures=None; allowed: .* such as GPT2LMHeadModel"):
        load_folder(tmp_path)
    (tmp_path / "config.json").write_text('{"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"]}')
    with pytest.raises(ValueError, match="holds no weights"):
        load_folder(tmp_path)
