"""Mamba against its formula, its plain loop and its cache."""

import pytest
import torch
from torch.nn import functional as F

from part_checks import CLOSE, GAPS, assert_cached_equals_full, assert_certified, assert_gaps_are_skipped
from specs import build, decoder_spec, distance, encoder_spec
from variants.builder import build_model
from variants.context import Context
from variants.scan import plain_scan, scan

RMS = {"kind": "rms_norm", "gain": False}


def spec(make=decoder_spec, **options):
    return make([{"recurrence": {"kind": "mamba", "d_state": 4, "d_step": 3, **options}}])


@pytest.mark.parametrize(
    "options", [{}, {"norm": {"kind": "rms_norm"}, "bias": True}, {"norm": RMS, "conv_bias": False}]
)
def test_mamba_passes_the_certificate(options):
    assert_certified(spec(**options))


def test_padding_anywhere_is_stepped_over():
    model = build(spec())
    assert_gaps_are_skipped(model)
    assert_cached_equals_full(model, GAPS)


def test_mamba_equals_its_formula():
    part = build(spec()).decoder.blocks[0].branches["recurrence"]
    x = torch.randn(1, 6, 32, dtype=torch.float64)
    inner, gate = (x[0] @ part.inputs.weight.T).chunk(2, -1)
    kernel, h, outputs = part.conv.weight[:, 0], torch.zeros(64, 4, dtype=torch.float64), []
    for t in range(6):
        u = F.silu(part.conv.bias + sum(kernel[:, 3 - k] * inner[t - k] for k in range(min(t, 3) + 1)))
        raw, b, c = (u @ part.readings.weight.T).split([3, 4, 4])
        step = F.softplus(part.step.weight @ raw + part.step_bias)
        h = torch.exp(-step[:, None] * part.log_decay.exp()) * h + (step * u)[:, None] * b
        outputs.append(part.o((h @ c + part.skip * u) * F.silu(gate[t])))
    assert distance(part(x, Context(1, 6, x.device))[0], torch.stack(outputs)) < CLOSE


@pytest.mark.parametrize("length", [1, 2, 7, 16])
@pytest.mark.parametrize("started", [True, False])
def test_the_parallel_scan_equals_the_loop(length, started):
    kept, new = torch.rand(2, length, 3, dtype=torch.float64), torch.randn(2, length, 3, dtype=torch.float64)
    start = torch.randn(2, 3, dtype=torch.float64) if started else None
    assert distance(scan(kept, new, start), plain_scan(kept, new, start)) < CLOSE


def test_mamba_is_refused_where_part_of_the_past_is_hidden():
    with pytest.raises(ValueError, match="mamba reads the last"):
        build_model(
            decoder_spec([{"recurrence": {"kind": "mamba"}}], visibility={"kind": "window", "window": 3}),
        )


def test_an_encoder_may_have_it():
    assert_certified(spec(encoder_spec))
