"""The layers of ConvS2S against their formulas, and the residual sum that they stand in."""

import pytest
import torch

from part_checks import CLOSE, GAPS, assert_cached_equals_full, assert_certified, assert_gaps_are_skipped
from specs import build, decoder_spec, distance, encoder_decoder_spec, encoder_spec, tokens
from variants.builder import build_model
from variants.context import Context

HALF = {"kind": "sum", "scale": 0.5**0.5}
BARE = {"residual": HALF, "norm": None, "position": "learned"}


def gated(**options):
    return {"convolution": {"kind": "gated_conv", **options}}


def convs2s(**options):
    row = {"convolution": {"kind": "attentive_conv", **options}}
    return encoder_decoder_spec([row], encoder_sublayers=[gated()], encoder=BARE, **BARE)


@pytest.mark.parametrize("options", [{}, {"bias": False, "kernel_size": 5}, {"weight_norm": True}])
def test_convs2s_passes_the_certificate(options):
    assert_certified(convs2s(**options))


def test_gated_convolutions_pass_the_certificate_alone():
    assert_certified(decoder_spec([gated(kernel_size=4), {"ffn": "mlp"}]))
    assert_certified(encoder_spec([gated(), {"ffn": "mlp"}]))


def test_weight_normalisation_changes_no_first_value_and_frees_the_length_from_the_direction():
    plain, model = build_model(convs2s()).double(), build_model(convs2s(weight_norm=True)).double()
    x, source = tokens(2, 5), tokens(2, 4, seed=2)
    first = model(x, source=source)
    assert distance(first, plain(x, source=source)) < 1e-6  # lengths are taken in float32
    part = model.decoder.blocks[0].branches["convolution"]
    with torch.no_grad():
        for weights in (part.conv, part.query):
            weights.weight.mul_(3)
        assert distance(model(x, source=source), first) < CLOSE
        part.conv.gain.mul_(2)
        assert distance(model(x, source=source), first) > 1e-5


@pytest.mark.parametrize("make", [decoder_spec, encoder_spec])
def test_padding_is_stepped_over(make):
    assert_gaps_are_skipped(build(make([gated(), {"ffn": "mlp"}])))


def test_decoding_with_gaps_equals_the_whole():
    assert_cached_equals_full(build(decoder_spec([gated(kernel_size=4), {"ffn": "mlp"}])), GAPS)


@pytest.mark.parametrize(("make", "ahead"), [(decoder_spec, 0), (encoder_spec, 1)])
def test_a_gated_convolution_equals_its_sum(make, ahead):
    model = build(make([gated()]))
    part = (model.decoder or model.encoder).blocks[0].branches["convolution"]
    x = torch.randn(1, 6, 32, dtype=torch.float64)
    y = part(x, Context(1, 6, x.device))[0]
    for t in range(6):
        total = part.conv.bias.clone()
        for k in range(3):
            slot = t + k - 2 + ahead
            total = total + part.conv.weight[:, :, k] @ x[0, slot] if 0 <= slot < 6 else total
        assert distance(y[t], total[:32] * total[32:].sigmoid()) < CLOSE


def test_attention_of_a_convs2s_layer_equals_its_formula():
    part = build(convs2s()).decoder.blocks[0].branches["convolution"]
    x, z, e, g = (torch.randn(1, n, 32, dtype=torch.float64) for n in (4, 5, 5, 4))
    context = Context(1, 4, x.device)
    context.memory_BSD, context.memory_inputs_BSD, context.inputs_BTD = z, e, g
    y, v = part(x, context), part.plain(x, context)
    assert distance(y, v) < CLOSE
    v = super(type(part), part).forward(x, Context(1, 4, x.device))[0]
    for i in range(4):
        d = part.query.weight @ v[i] + part.query.bias + g[0, i]
        weights = torch.stack([d @ z[0, j] for j in range(5)]).softmax(0)
        c = 5**0.5 * sum(weights[j] * (z[0, j] + e[0, j]) for j in range(5))
        assert distance(y[0, i], (v[i] + c) / 2**0.5) < CLOSE


def test_the_encoder_s_embedded_tokens_are_kept_while_decoding():
    model = build(convs2s())
    x, source = tokens(2, 6), tokens(2, 7, seed=4)
    state = model.new_state(2, 6)
    first = model.run(x[:, :3], source=source, state=state).logits
    rest = model.run(x[:, 3:], state=state).logits
    assert distance(torch.cat([first, rest], 1), model(x, source=source)) < CLOSE


def test_the_sum_halves_the_variance_of_two():
    joint = build_model(convs2s()).decoder.blocks[0].joints[0]
    x, y = torch.randn(2, 3, 32), torch.randn(2, 3, 32)
    assert distance(joint.write(x, [y]), (x + y) * 0.5**0.5) < 1e-6


def test_an_even_kernel_has_no_middle():
    with pytest.raises(ValueError, match="kernel_size=4 has no middle"):
        build_model(encoder_spec([gated(kernel_size=4)]))


def test_a_decoder_layer_of_convs2s_needs_an_encoder():
    with pytest.raises(ValueError, match="this stack has none"):
        build_model(decoder_spec([{"convolution": "attentive_conv"}]))
