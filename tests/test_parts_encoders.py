"""Parts of encoders: Fourier mixing and one score per token."""

import pytest
import torch

from part_checks import CLOSE, assert_certified, assert_gaps_are_skipped
from specs import build, decoder_spec, distance, encoder_spec, tokens
from variants.builder import build_model
from variants.context import Context

FOURIER = [{"convolution": "fourier"}, {"ffn": "mlp"}]


def test_fourier_mixing_passes_the_certificate():
    assert_certified(encoder_spec(FOURIER))


def test_fourier_mixing_equals_its_sum():
    part = build_model(encoder_spec(FOURIER)).encoder.blocks[0].branches["convolution"]
    x = torch.randn(2, 5, 4, dtype=torch.float64)
    n, d = torch.arange(5), torch.arange(4)
    slots, channels = (torch.exp(-2j * torch.pi * (i[:, None] * i).double() / len(i)) for i in (n, d))
    expected = (slots @ x.to(torch.complex128) @ channels).real
    assert distance(part(x, Context(2, 5, x.device)), expected) < CLOSE


def test_padding_anywhere_is_no_part_of_the_transform():
    assert_gaps_are_skipped(build(encoder_spec(FOURIER)))


def test_fourier_mixing_is_refused_in_a_decoder():
    with pytest.raises(ValueError, match="both ways"):
        build_model(decoder_spec(FOURIER))


def test_a_token_score_passes_the_certificate():
    assert_certified(encoder_spec(model={"head": "token_score"}))


def test_a_token_score_is_one_number_per_slot():
    assert build(encoder_spec(model={"head": "token_score"}))(tokens(2, 6)).shape == (2, 6, 1)


@pytest.mark.parametrize("pool", ["first", "last", "mean"])
def test_a_regression_passes_the_certificate(pool):
    assert_certified(encoder_spec(model={"head": {"kind": "regression", "pool": pool}}))


def test_a_regression_is_one_number_per_sequence():
    assert build(encoder_spec(model={"head": "regression"}))(tokens(2, 6)).shape == (2, 1)
