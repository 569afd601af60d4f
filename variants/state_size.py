"""Bytes that decoding keeps, measured on the meta device."""

from __future__ import annotations

from collections import Counter

import torch

from variants.builder import build_model
from variants.parts import Spec


def state_bytes(spec: Spec, slots: int) -> int | None:
    """Bytes of one row's decoding state with room for `slots` slots, in float32.

    The encoder's memory counts with the keys and values made of it, for a source of as many slots. Layers of one block
    keep the same, so that two of each are run: a block that is a first layer alone refuses some options. None for a
    model without a decoder.
    """
    decoder = spec["decoder"]
    if decoder is None or spec["vocab_size"] is None:
        return None
    memory = slots * spec["d_model"] * torch.float32.itemsize if spec["encoder"] else 0
    return memory + sum(n * _layer_bytes(spec, name, slots) for name, n in Counter(decoder["layers"]).items())


def _layer_bytes(spec: Spec, block: str, slots: int) -> int:
    """Bytes that one layer of this block keeps."""
    stacks = {"encoder": _two_layers(spec["encoder"]), "decoder": _two_layers(spec["decoder"], block)}
    model = build_model({**spec, **stacks}, device="meta").eval()  # as it decodes
    state = model.new_state(1, slots)
    token = torch.zeros(1, 1, dtype=torch.int64, device="meta")
    source = torch.zeros(1, slots, dtype=torch.int64, device="meta") if model.encoder is not None else None
    with torch.no_grad():
        model.run(token, source=source, state=state)
    return state.bytes() // 2


def _two_layers(stack: Spec | None, block: str | None = None) -> Spec | None:
    if stack is None:
        return None
    return {**stack, "n_layers": 2, "layers": [block or stack["layers"][0]] * 2, "groups": [0, 1]}
