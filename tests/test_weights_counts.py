"""Counts of the library's classes at published size, where they hold more than what reaches our logits."""

import pytest
import torch

from catalog.access import resolve
from specs import live
from variants import count_parameters
from variants.weights.entries import known_entries
from variants.weights.exporting import config_for
from variants.weights.importing import choose
from variants.weights.matching import matches_words

PRETRAINING = ("pooler", "seq_relationship", "sop_classifier")  # what learns from pairs of sentences
# entry, size, the library's class, its count as transformers 5.23 gives it, and the words of what we do not build
COUNTS = [
    ("albert", "base", "AlbertForPreTraining", 11_813_810, PRETRAINING),
    ("albert", "xxlarge", "AlbertForPreTraining", 223_158_450, PRETRAINING),
    ("bert", "base", "BertForPreTraining", 110_106_428, PRETRAINING),
    ("bert", "large", "BertForPreTraining", 336_226_108, PRETRAINING),
    ("big-bird", "base", "BigBirdForPreTraining", 128_112_824, PRETRAINING),
    ("fnet", "base", "FNetForPreTraining", 83_486_722, PRETRAINING),
    ("megatron", "345m", "MegatronBertForPreTraining", 334_723_458, PRETRAINING),
    ("squeezebert", "base", "SqueezeBertForMaskedLM", 51_712_314, ("pooler",)),
    ("roformer", "base", "RoFormerForMaskedLM", 124_197_968, ("embed_positions",)),
    ("fsmt", "de-en", "FSMTForConditionalGeneration", 357_912_576, ("embed_positions",)),
    ("marian", "base", "MarianMTModel", 74_410_496, ("embed_positions",)),
    ("pegasus", "large", "PegasusForConditionalGeneration", 570_797_056, ("embed_positions",)),
    ("xlnet", "base", "XLNetLMHeadModel", 116_750_336, ("mask_emb",)),
    ("xlnet", "large", "XLNetLMHeadModel", 360_300_800, ("mask_emb",)),
]


@pytest.mark.filterwarnings("ignore")  # the library's own warnings about special tokens
@pytest.mark.parametrize(("entry", "size", "name", "count", "words"), COUNTS)
def test_the_librarys_count_is_ours_and_what_reaches_no_logit(entry, size, name, count, words):
    transformers = pytest.importorskip("transformers")
    known = next(known for known in known_entries() if known.id == entry)
    spec = resolve(entry, size, records=live())
    with torch.device("meta"):
        library = getattr(transformers, name)(config_for(spec, known))
    assert_counts(library, count, spec, words)


def assert_counts(library, count, spec, words):
    """The library's parameters are so many, and ours so many less those whose names hold one of the words."""
    numbers = {tensor: parameter.numel() for tensor, parameter in library.named_parameters()}
    beside = sum(n for tensor, n in numbers.items() if any(matches_words(word, tensor) for word in words))
    assert sum(numbers.values()) == count
    assert count_parameters(spec)["total"] == count - beside


# The library ties the output table where our entry does not: mT5's class always (its checkpoint holds two tables, as
# published), FSMT's where the config says so (the checkpoint de-en has one table for both languages and the output).
TIED = [
    ("mt5", "small", {"head.tied": True}, 172_119_424, ()),
    ("fsmt", "de-en", {"head.tied": True, "source_vocab_size": None}, 271_847_424, ("embed_positions",)),
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("entry", "size", "overrides", "count", "words"), TIED)
def test_the_librarys_count_of_a_tied_model_is_ours_with_one_table(entry, size, overrides, count, words):
    transformers = pytest.importorskip("transformers")
    known = next(known for known in known_entries() if known.id == entry)
    config = config_for(resolve(entry, size, records=live()), known, {"tie_word_embeddings": True})
    with torch.device("meta"):
        library = getattr(transformers, known.reference.classes[0])(config)
    ours = resolve(entry, size, overrides=overrides, records=live())
    assert_counts(library, count, ours, words)


# Checkpoints that are sizes of no entry; the library's own class ties UMT5's head, and the checkpoint does not.
FIELDS = {
    "LlamaForCausalLM": (
        "llama",
        {"intermediate_size": 5632, "num_hidden_layers": 22, "num_key_value_heads": 4, "hidden_size": 2048},
        1_100_048_384,
    ),
    "UMT5ForConditionalGeneration": ("umt5", {"vocab_size": 256384, "tie_word_embeddings": False}, 306_601_984),
}


@pytest.mark.parametrize("name", FIELDS)
def test_a_checkpoint_of_a_known_class_has_its_published_count(name):
    transformers = pytest.importorskip("transformers")
    model_type, fields, count = FIELDS[name]
    _, spec = choose(transformers.AutoConfig.for_model(model_type, **fields), name)
    assert count_parameters(spec)["total"] == count
