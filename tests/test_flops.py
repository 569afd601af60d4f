"""FLOPs by formula beside those that torch counts, and visible pairs beside their closed form."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

import catalog
from specs import decoder_spec, encoder_decoder_spec, encoder_spec
from variants import build_model, shrink, training_flops
from variants.flops import BACKWARD, coefficients, forward_flops, visible_pairs
from variants.parts import Site
from variants.registry import SORTS, discover

TOKENS, SOURCE, BATCH = 20, 9, 3
# softmax over a window or a cap, groups of heads, biases of positions, factorised and patch embeddings
ENTRIES = (
    "gpt-2",
    "bert",
    "albert",
    "t5",
    "bart",
    "llama-2",
    "mistral-7b",
    "gemma-2",
    "vit",
    "deit",
    "squeezebert",
    "ultrabert",
    "xlnet",
)
STACKS = {
    "decoder": decoder_spec(visibility="full"),
    "encoder": encoder_spec(),
    "encoder-decoder": encoder_decoder_spec(visibility="full"),
}


def full(node: Any) -> Any:
    """The spec with every visibility full: torch counts a masked product as a whole one."""
    if isinstance(node, list):
        return [full(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {key: {"kind": "full"} if key == "visibility" and value else full(value) for key, value in node.items()}


def inputs_of(model, batch):
    """Shapes without values, and how many slots they take."""
    draw = torch.Generator().manual_seed(0)
    tokens = model.embedding.sample(batch, TOKENS, draw).to("meta")
    if model.encoder is None or model.decoder is None:
        segments = {"segments": torch.zeros_like(tokens)} if model.n_segments else {}
        return {"tokens": tokens, **segments}, model.embedding.length(tokens), 0
    source = torch.zeros(batch, SOURCE, dtype=torch.int64, device="meta")
    return {"tokens": tokens, "source": source}, model.embedding.length(tokens), SOURCE


@pytest.mark.parametrize("stack", STACKS)
def test_a_training_step_costs_what_torch_counts(stack):
    spec = STACKS[stack]
    model = build_model(spec, device="meta")
    inputs, tokens, source = inputs_of(model, BATCH)
    with FlopCounterMode(display=False) as counter:
        model(**inputs).sum().backward()
    assert BATCH * training_flops(spec, tokens, source) == pytest.approx(counter.get_total_flops(), rel=0.01)


@pytest.mark.parametrize("entry", ENTRIES)
def test_the_forward_pass_of_an_entry_costs_what_torch_counts(entry):
    model = build_model(full(shrink(catalog.resolve(entry))), device="meta")
    inputs, tokens, source = inputs_of(model, 1)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(**inputs)
    assert forward_flops(model, tokens, source) == pytest.approx(counter.get_total_flops(), rel=0.01)


def test_the_last_layers_of_an_encoder_decoder_read_the_source_at_its_own_length():
    spec = STACKS["encoder-decoder"]
    model = build_model(spec, device="meta")
    grown = forward_flops(model, TOKENS, SOURCE + 1) - forward_flops(model, TOKENS, SOURCE)
    per_layer = 2 * (4 * 32 * 32 + 2 * 32 * 40) + 4 * 32 * (2 * SOURCE + 1)  # its own matrices, and its own new pairs
    per_layer += 2 * 2 * 32 * 32 + 4 * 32 * TOKENS  # keys and values for the decoder, and its queries' new pairs
    assert grown == 2 * per_layer


def test_training_costs_three_forward_passes():
    spec = STACKS["decoder"]
    assert BACKWARD == 2
    assert training_flops(spec, TOKENS) == 3 * forward_flops(build_model(spec, device="meta"), TOKENS)


def test_causal_attention_costs_exactly_its_visible_pairs():
    causal, everything = (
        forward_flops(build_model(decoder_spec(visibility=kind), device="meta"), TOKENS) for kind in ("causal", "full")
    )
    hidden = TOKENS * TOKENS - TOKENS * (TOKENS + 1) // 2
    per_pair, layers, width = 4, 2, 32  # a multiply-add for the score and one for the sum
    assert everything - causal == layers * per_pair * width * hidden


def visibility(kind, **options):
    discover()
    site = Site(32, "decoder", 1, 37, 64, lambda *_: None)
    return SORTS["visibility"].kinds[kind].cls(site, **options)


def test_a_causal_predicate_shows_half_of_the_square_and_the_diagonal():
    assert visible_pairs(visibility("causal"), 1500) == 1500 * 1501 // 2


@pytest.mark.parametrize("window", [1, 5, 40])
def test_a_window_shows_as_many_slots_to_each_side(window):
    ahead = sum(max(TOKENS - step, 0) for step in range(1, window))
    assert visible_pairs(visibility("window", window=window), TOKENS) == TOKENS + 2 * ahead


@pytest.mark.parametrize("prefix", [0, 1, 7, TOKENS])
def test_a_prefix_shows_its_own_square_and_the_past_of_the_rest(prefix):
    rest = sum(slot + 1 for slot in range(prefix, TOKENS))
    assert visible_pairs(visibility("prefix"), TOKENS, prefix) == prefix * prefix + rest


def test_a_prefix_model_pays_for_the_square_of_its_prefix():
    model = build_model(decoder_spec(visibility="prefix"), device="meta")
    causal = build_model(decoder_spec(visibility="causal"), device="meta")
    opened = SOURCE * (SOURCE - 1) // 2
    extra = forward_flops(model, TOKENS, SOURCE) - forward_flops(causal, TOKENS, SOURCE)
    assert extra == 2 * 4 * 32 * opened


def test_attention_over_no_visibility_has_no_pairs():
    assert visible_pairs(None, TOKENS) == 0


@pytest.mark.parametrize("stack", ["decoder", "encoder"])
def test_coefficients_give_the_forward_pass_at_any_length(stack):
    model = build_model(STACKS[stack], device="meta")
    per_token, per_pair = coefficients(model)
    for length in (1, 13, 100):
        assert per_token * length + sum(per_pair.values()) * length * length == forward_flops(model, length)
