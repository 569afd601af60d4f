"""The gated short convolution against its formula and transformers' module."""

import pytest
import torch

from part_checks import CLOSE, GAPS, assert_cached_equals_full, assert_certified, assert_gaps_are_skipped
from specs import build, decoder_spec, distance, encoder_spec
from variants.builder import build_model
from variants.context import Context


def spec(make=decoder_spec, **options):
    return make([{"convolution": {"kind": "short_conv", **options}}, {"ffn": "mlp"}])


def mixer(model):
    return model.decoder.blocks[0].branches["convolution"]


@pytest.mark.parametrize("make", [decoder_spec, encoder_spec])
def test_short_conv_passes_the_certificate(make):
    assert_certified(spec(make, bias=True))


@pytest.mark.parametrize("kernel_size", [1, 2, 5])
def test_padding_anywhere_is_stepped_over(kernel_size):
    model = build(spec(kernel_size=kernel_size))
    assert_gaps_are_skipped(model)
    assert_cached_equals_full(model, GAPS)


def test_short_conv_equals_its_formula():
    part = mixer(build(spec(bias=True)))
    x = torch.randn(2, 6, 32, dtype=torch.float64)
    b, c, inner = (x @ part.gates.weight.T + part.gates.bias).chunk(3, -1)
    u, kernel = b * inner, part.conv.weight[:, 0]
    mixed = [part.conv.bias + sum(kernel[:, 2 - k] * u[:, t - k] for k in range(min(t, 2) + 1)) for t in range(6)]
    expected = part.o(c * torch.stack(mixed, 1))
    assert distance(part(x, Context(2, 6, x.device)), expected) < CLOSE


def test_short_conv_equals_the_one_of_lfm2_in_transformers():
    transformers = pytest.importorskip("transformers")
    from transformers.models.lfm2.modeling_lfm2 import Lfm2ShortConv

    sizes = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 4, "num_key_value_heads": 4}
    config = transformers.Lfm2Config(**sizes, conv_L_cache=3, conv_bias=True, layer_types=["conv"])
    theirs, part = Lfm2ShortConv(config, 0).double(), mixer(build(spec(bias=True)))
    pairs = {"in_proj": part.gates, "conv": part.conv, "out_proj": part.o}
    theirs.load_state_dict({f"{name}.{key}": v for name, ours in pairs.items() for key, v in ours.state_dict().items()})
    x = torch.randn(2, 6, 32, dtype=torch.float64)
    assert distance(part(x, Context(2, 6, x.device)), theirs(x)) < CLOSE


def test_short_conv_refuses_a_stack_that_hides_what_its_kernel_reads():
    with pytest.raises(ValueError, match="last 4 slots"):
        build_model(
            decoder_spec(
                [{"convolution": {"kind": "short_conv", "kernel_size": 4}}], visibility={"kind": "window", "window": 3}
            )
        )
