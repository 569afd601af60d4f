"""Where the library lets padding on the left reach real tokens and we do not: biases before a causal convolution."""

from dataclasses import replace

import pytest
import torch

from variants.weights.entries import known_entries
from variants.weights.importing import build_known
from variants.weights.parity import compare, library_logits, make_inputs, tiny_reference

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.mark.parametrize(("entry", "field"), [("mamba", "use_bias"), ("lfm2", "conv_bias")])
def test_biases_let_the_librarys_padding_on_the_left_through_and_not_ours(entry, field):
    known = next(known for known in known_entries() if known.id == entry)
    biased = replace(known, reference=replace(known.reference, cases={"biased": {field: True}}))
    differences = compare(biased, "biased").differences
    assert max(differences["none"], differences["right"]) < 1e-4
    assert differences["left"] > 1e-3
    reference = tiny_reference(biased, "biased")
    model = build_known(reference, biased)
    inputs = make_inputs(model, "left", reference.config.pad_token_id)
    mask = inputs["padding_mask"][0]
    alone = {"tokens": inputs["tokens"][:1, mask]}
    with torch.no_grad():
        ours = (model(**inputs)[0, mask] - model(**alone)[0]).abs().max()
        theirs = (library_logits(reference, inputs)[0, mask] - library_logits(reference, alone)[0]).abs().max()
    assert ours < 1e-5  # float32
    assert theirs > 1e-3
