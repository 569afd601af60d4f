"""The step signal of Universal Transformers against its formula, and one shared block at several depths."""

import math

import pytest
import torch

from part_checks import CLOSE, assert_certified
from specs import build, decoder_spec, distance, encoder_decoder_spec, encoder_spec, tokens
from variants.builder import build_model
from variants.context import Context

UNIVERSAL = {"position": "coordinate", "groups": [0, 0, 0], "n_layers": 3}


@pytest.mark.parametrize(
    ("make", "ids"), [(decoder_spec, "mask"), (encoder_spec, "arange"), (encoder_decoder_spec, "arange")]
)
def test_a_universal_transformer_passes_the_certificate(make, ids):
    assert_certified(make(**{**UNIVERSAL, "position": {"kind": "coordinate", "ids": ids}}))


@pytest.mark.parametrize("residual", ["post_norm", "dual", "rezero", "deepnorm"])
def test_any_residual_scheme_carries_the_signal(residual):
    model = build(decoder_spec(**UNIVERSAL, residual=residual))
    still = build(decoder_spec(**{**UNIVERSAL, "position": ()}, residual=residual))
    still.load_state_dict(model.state_dict())
    assert distance(model(tokens()), still(tokens())) > 1e-3


def test_the_signal_equals_its_formula():
    position = build_model(decoder_spec(**UNIVERSAL)).decoder.positions[0]
    x = torch.zeros(1, 4, 32, dtype=torch.float64)
    got = position.step(x, Context(1, 4, x.device), 2)
    for i in range(4):
        for j in range(16):
            rate = 10000 ** (-2 * j / 32)
            assert abs(float(got[0, i, 2 * j]) - math.sin(i * rate) - math.sin(3 * rate)) < CLOSE
            assert abs(float(got[0, i, 2 * j + 1]) - math.cos(i * rate) - math.cos(3 * rate)) < CLOSE


def test_a_shared_block_is_applied_to_its_own_output_with_the_next_signal():
    model = build(decoder_spec(**UNIVERSAL, residual="post_norm"))
    stack, x = model.decoder, tokens(1, 5)
    context = Context(1, 5, x.device, positions=tuple(stack.positions))
    h = model.embedding.table(x)
    for depth in range(3):
        h = stack.blocks[0](stack.positions[0].step(h, context, depth), context, depth)
    assert len(stack.blocks) == 1
    assert distance(stack(x, model.embedding, Context(1, 5, x.device)), h) < CLOSE


def test_a_factorised_embedding_is_refused_since_the_signal_is_as_wide_as_the_stream():
    with pytest.raises(ValueError, match="d_model=32 numbers, but the embedding has 8"):
        build_model(decoder_spec(**UNIVERSAL, model={"embedding": {"kind": "token", "d_embedding": 8}}))
