"""Bytes that decoding keeps, measured on the meta device."""

from __future__ import annotations

import torch

from variants.builder import Model


def state_bytes(model: Model, slots: int) -> int | None:
    """Bytes of one row's decoding state with room for `slots` slots, at the model's own precision.

    `model` is on the meta device. The encoder's memory counts with the keys and values made of it, for a source of
    as many slots. None for a model that does not decode.
    """
    if model.decoder is None or not model.decoder.visibility.is_streaming or model.embedding.matrix() is None:
        return None
    state = model.new_state(1, slots)
    token = torch.zeros(1, 1, dtype=torch.int64, device="meta")
    source = torch.zeros(1, slots, dtype=torch.int64, device="meta") if model.encoder is not None else None
    with torch.no_grad():
        model.run(token, source=source, state=state)
    memory = 0 if state.memory_BSD is None else state.memory_BSD.numel() * state.memory_BSD.element_size()
    return state.bytes() + memory
