"""Combinations that make no sense are refused when they are loaded or built, and the message says why."""

import pytest

from variants.builder import build_model
from variants.certificate.surroundings import ATTENTION, FFN, MODEL, STACK, resolved

SEGMENTS = {"kind": "segment_memory", "n_heads": 4, "segment_length": 4, "memory_length": 3}
IMAGES = {"kind": "patch", "image_size": 8, "patch_size": 4}
SPREAD = {"kind": "randomised", "longest": 64, "scheme": {"kind": "rope"}}


def stack(*rows, **fields):
    return {**STACK, "sublayers": list(rows), **fields}


@pytest.mark.parametrize(
    ("stacks", "message"),
    [
        ({"decoder": stack({"attention": SEGMENTS}, FFN, position="rope")}, "rope acts through rotate"),
        ({"decoder": stack({"recurrence": "gru"}, FFN, position=SPREAD)}, "randomised acts through attention"),
        (
            {"decoder": stack({"attention": {**ATTENTION["attention"], "position": "coordinate"}}, FFN)},
            "coordinate acts through step",
        ),
        ({"decoder": stack({"cross_attention": {"kind": "luong"}}, FFN)}, "reads an encoder's output"),
        ({"decoder": stack({"recurrence": "luong_lstm"}, FFN)}, "needs an encoder's output"),
        ({"decoder": stack({"convolution": "attentive_conv"}, FFN)}, "needs an encoder's output"),
        ({"decoder": stack({"attention": "decomposable"}, FFN)}, "reads both ways"),
        ({"encoder": stack({"convolution": {"kind": "gated_conv", "kernel_size": 2}}, FFN)}, "has no middle"),
        (
            {"decoder": stack(ATTENTION, FFN, visibility={"kind": "window", "window": 2}, norm=None)},
            "must name its norm",
        ),
        (
            {"decoder": stack({"convolution": "running_mean"}, FFN, visibility={"kind": "window", "window": 2})},
            "hides part of them",
        ),
        ({"decoder": stack(ATTENTION, {"ffn": {"kind": "moe", "n_experts": 4, "d_ff": 8, "router": "gru"}})}, "gru"),
        (
            {
                "encoder": stack(ATTENTION, FFN, position={"kind": "transformer_xl", "n_heads": 4, "segments": True}),
                "embedding": {"kind": "token", "segments": 1},
            },
            "vectors for 1 segments, and a part tells 2 apart; allowed: 0, or 2 and more",
        ),
        (
            {"encoder": stack(ATTENTION), "decoder": stack({"cross_attention": "luong"}), "embedding": IMAGES},
            "reads tokens, and this embedding has no table; allowed: token",
        ),
        ({"encoder": stack(ATTENTION), "embedding": IMAGES}, "tied=True shares the embedding's table"),
    ],
)
def test_a_combination_without_sense_is_refused_with_the_reason(stacks, message):
    with pytest.raises(ValueError, match=message):
        build_model(resolved({**MODEL, **stacks}), device="meta")
