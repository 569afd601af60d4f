"""Residual schemes and norms against their formulas."""

import pytest
import torch
from torch.nn import functional as F

from part_checks import CLOSE, assert_certified
from specs import build, decoder_spec, distance, encoder_decoder_spec, tokens
from variants.builder import build_model
from variants.context import Context

SCHEMES = ["output_norm", "deepnorm", "rezero", "layer_scale", "dual", "normed_residual"]
SUBLAYERS = [{"attention": "softmax"}, {"ffn": "mlp"}]


def spec(residual, **options):
    norm = None if residual == "rezero" else "layer_norm"
    return decoder_spec(SUBLAYERS, residual=residual, norm=norm, **options)


@pytest.mark.parametrize("residual", SCHEMES)
def test_a_scheme_passes_the_certificate(residual):
    assert_certified(spec(residual))


@pytest.mark.parametrize("norm", ["scale_norm", "dynamic_tanh", "dynamic_erf"])
def test_a_norm_passes_the_certificate(norm):
    assert_certified(decoder_spec(SUBLAYERS, norm=norm))


def by_hand(model, x, step, streams=1):
    """The stack's output when `step(stream, f, joint)` does one sublayer."""
    context = Context(*x.shape, x.device)
    stream = model.embedding.table(x)
    stream = stream if streams == 1 else (stream, stream)
    for block in model.decoder.blocks:
        for joint, (name,) in zip(block.joints, block.names, strict=True):
            stream = step(stream, lambda y, part=block.branches[name]: part(y, context), joint)
    return stream


def output(model, x):
    return model.decoder(x, model.embedding, Context(*x.shape, x.device))


FORMULAS = {
    "output_norm": lambda x, f, joint: x + joint.norms[0](f(x)),
    "deepnorm": lambda x, f, joint: joint.norm(4**0.25 * x + f(x)),
    "rezero": lambda x, f, joint: x + joint.alpha[0] * f(x),
    "layer_scale": lambda x, f, joint: x + joint.gains[0] * f(joint.norm(x)),
    "normed_residual": lambda x, f, joint: joint.norm(x) + f(joint.norm(x)),
    "dual": lambda ab, f, joint: (joint.norm(ab[0] + f(ab[0])), ab[1] + f(ab[0])),
}


@pytest.mark.parametrize("residual", SCHEMES)
def test_a_scheme_equals_its_formula(residual):
    model, x = build(spec(residual)), tokens()
    expected = by_hand(model, x, FORMULAS[residual], 2 if residual == "dual" else 1)
    scheme = model.decoder.scheme
    if residual == "dual":
        expected = expected[0] + scheme.final_norm(expected[1])
    elif getattr(scheme, "final_norm", None) is not None:
        expected = scheme.final_norm(expected)
    assert distance(output(model, x), expected) < CLOSE


@pytest.mark.parametrize("residual", SCHEMES)
def test_branches_side_by_side_are_added(residual):
    side_by_side = [{"attention": "softmax", "ffn": "mlp"}]
    norm = None if residual == "rezero" else "layer_norm"
    model = build(decoder_spec(side_by_side, residual=residual, norm=norm))
    model(tokens()).sum().backward()
    assert all(p.grad is not None and p.grad.abs().max() > 0 for p in model.decoder.parameters())


def test_deepnorm_takes_alpha_from_the_depth_and_the_stack():
    alone = build_model(decoder_spec(SUBLAYERS, residual="deepnorm", n_layers=3), device="meta")
    beside = build_model(encoder_decoder_spec(residual="deepnorm", n_layers=3), device="meta")
    given = build_model(decoder_spec(SUBLAYERS, residual={"kind": "deepnorm", "alpha": 1.5}), device="meta")
    assert [m.decoder.scheme.alpha for m in (alone, beside, given)] == [6**0.25, 9**0.25, 1.5]


def test_rezero_is_the_identity_at_first():
    model, x = build_model(spec("rezero")), tokens()
    assert torch.equal(output(model, x), model.embedding.table(x))


def test_layer_scale_starts_at_the_given_gain():
    model = build_model(spec({"kind": "layer_scale", "initial": 1e-5}))
    gains = [p for n, p in model.named_parameters() if "gains" in n]
    assert gains
    assert all(bool((p == 1e-5).all()) for p in gains)


def test_scale_norm_brings_every_vector_to_one_length():
    norm = build_model(decoder_spec(SUBLAYERS, norm="scale_norm")).decoder.scheme.final_norm
    x = torch.randn(5, 32)
    assert distance(norm(x), 32**0.5 * F.normalize(x)) < 1e-5  # float32
    assert torch.equal(norm(torch.zeros(2, 32)), torch.zeros(2, 32))


def test_dynamic_tanh_equals_its_formula():
    norm = build(decoder_spec(SUBLAYERS, norm="dynamic_tanh")).decoder.scheme.final_norm
    x = torch.randn(5, 32, dtype=torch.float64)
    squashed = (torch.exp(2 * norm.alpha * x) - 1) / (torch.exp(2 * norm.alpha * x) + 1)
    assert distance(norm(x), norm.weight * squashed + norm.bias) < CLOSE
    assert build_model(decoder_spec(SUBLAYERS, norm="dynamic_tanh")).decoder.scheme.final_norm.alpha == 0.5


def test_dynamic_erf_equals_its_formula():
    norm = build(decoder_spec(SUBLAYERS, norm="dynamic_erf")).decoder.scheme.final_norm
    x = torch.randn(5, 32, dtype=torch.float64)
    assert distance(norm(x), norm.weight * torch.erf(norm.alpha * x + norm.shift) + norm.bias) < CLOSE
