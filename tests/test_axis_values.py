"""Every kind of part, and every value that an option names, is one change in a small entry, or says why not."""

import re

import pytest

import catalog
from catalog.folders import find_sources
from catalog.records import load_records
from catalog.walk import parts

RECORDS = load_records()
SMALL = [entry for entry in find_sources() if re.match(r"variant/|(pre|post)-ln", entry)]

# Kinds as `sort.kind`; values as `sort.option=value`, or `option` where it holds for all of them.
WITHOUT_TWIN = {
    "attention.decomposable": "a model of pairs of sentences, the entry decomposable-attention",
    "convolution.attentive_conv": "a decoder layer with attention inside, the entry convs2s",
    "recurrence.attentive_gru": "a decoder with attention inside, rnnsearch beside rnn-encdec",
    "recurrence.luong_lstm": "a decoder with attention inside, luong-attention beside seq2seq-lstm",
    "position.alibi_bfloat16": "the rounding of one released model, the entry falcon-rw",
    "embedding.patch": "reads images, which no baseline reads",
    "head.classifier": "answers another question than a baseline does",
    "head.distilled": "answers another question than a baseline does",
    "head.pair": "answers another question than a baseline does",
    "head.token_score": "answers another question than a baseline does",
    "layout": "another order of the same numbers",
    "dense_bias": "a bias more or less, shown for attention and feed-forward layers",
    "project_bias": "a bias more or less, shown for attention and feed-forward layers",
    "weight_norm": "how ConvS2S writes its weights, the entry convs2s",
    "conv_bias": "a bias more or less, shown for attention and feed-forward layers",
    "router.bias=True": "a bias more or less, shown for attention and feed-forward layers",
    "attention.bias=True": "a bias more or less, of variant/latent",
    "attention.bias=o": "between no-attention-bias and the baseline, as qkv-bias is",
    "attention.bias=qv": "between no-attention-bias and the baseline, as qkv-bias is",
    "attention.bias=qvo": "between no-attention-bias and the baseline, as qkv-bias is",
    "cross_attention.bias=o": "as for attention, where it is shown",
    "cross_attention.bias=qkv": "as for attention, where it is shown",
    "cross_attention.bias=qv": "as for attention, where it is shown",
    "cross_attention.bias=qvo": "as for attention, where it is shown",
    "ffn.activation=gelu_tanh": "GELU to three digits",
    "ffn.activation=tanh": "of heads and recurrences; no paper claims it for a feed-forward layer",
    "head.activation": "of the dense layer before the projection, which variant/head-transform adds",
    "transform_norm": "part of what variant/head-transform adds",
    "project_first": "the order of two linear maps",
    "pool": "of a regression, which no baseline makes",
    "shared": "half of the parameters of variant/disentangled",
    "qk_norm_after": "needs rotations and a norm at once, the entry llama-4",
    "truncate": "rounds two bounds of variant/rope-yarn",
    "segments": "needs pairs of segments, the entry xlnet",
    "bridge": "needs an encoder that hands its state over, rnn-encdec and seq2seq-lstm",
    "deep_output": "the head of an old decoder, rnn-encdec",
    "feed": "reads the encoder's summary at every step, rnn-encdec",
    "final_norm": "no model here leaves the last norm out but those that have another in its place",
    "bare_first": "the embedding is normed instead, modernbert",
    "correction_counts": "how a released model counts its parameters, ernie-4.5-moe",
}


def reached():
    """Kinds and values that some small entry has."""
    for entry in SMALL:
        for _, sort, part in parts(catalog.resolve(entry), RECORDS):
            yield f"{sort}.{part['kind']}"
            for name, value in part.items():
                if isinstance(value, str | bool):
                    yield f"{sort}.{name}={value}"


def existing(known):
    """All kinds, and all values that the options of known kinds name."""
    for sort, kinds in RECORDS.items():
        for kind, record in kinds.items():
            yield f"{sort}.{kind}"
            for name, option in record.options.items() if f"{sort}.{kind}" in known else ():
                values = re.match(r"Choice\[(.*?)\]", option.type)
                named = values[1].split("|") if values else ["False", "True"] if option.type == "Flag" else []
                yield from (f"{sort}.{name}={value}" for value in named)


@pytest.fixture(scope="module")
def absent():
    known = set(reached())
    return set(existing(known)) - known


def names(what):
    """What may stand in the list for a kind or a value: itself, its option, or its option in one sort."""
    option = what.split("=")[0]
    return {what, option, option.split(".")[1]} if "=" in what else {what}


def test_every_kind_and_every_named_value_has_a_twin_or_a_reason(absent):
    missing = {what for what in absent if not names(what) & set(WITHOUT_TWIN)}
    assert not missing, "show them in catalog/variant/<name>.yaml, or say here why there is none"


def test_no_reason_excuses_what_has_a_twin(absent):
    assert set(WITHOUT_TWIN) <= {name for what in absent for name in names(what)}
