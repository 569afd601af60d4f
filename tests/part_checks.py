"""What every built model must keep, as checks that the tests of parts share."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from specs import Spec, distance, tokens
from variants.builder import Model
from variants.certificate import certify

CLOSE = 1e-10  # float64: the order of sums is all that may differ


def assert_certified(spec: Spec) -> None:
    """Every check of the certificate holds on the shrunk structure of this spec."""
    faults = {check: found for check, found in certify(spec).faults.items() if found}
    assert not faults, faults


def inputs(model: Model, batch: int = 3, length: int = 9, source: int = 7) -> dict[str, Any]:
    """Random tokens, and a source where the model has an encoder beside a decoder."""
    given: dict[str, Any] = {"tokens": tokens(batch, length)}
    if model.encoder is not None and model.decoder is not None:
        given["source"] = tokens(batch, source, seed=2)
    return given


def pad(x_BT: Tensor, side: str, pads: int) -> tuple[Tensor, Tensor]:
    """Tokens with random padding on a side, and the mask of the real ones."""
    noise = tokens(x_BT.shape[0], pads, seed=9)
    real = torch.ones_like(x_BT, dtype=torch.bool)
    fake = torch.zeros_like(noise, dtype=torch.bool)
    pieces = [(noise, fake), (x_BT, real)] if side == "left" else [(x_BT, real), (noise, fake)]
    return torch.cat([p[0] for p in pieces], 1), torch.cat([p[1] for p in pieces], 1)


@torch.no_grad()
def assert_cached_equals_full(model: Model, mask: Tensor, prompt: int = 4) -> None:
    """With padding anywhere, a prompt and then single tokens give the logits of the whole sequence."""
    given = inputs(model)
    x = given.pop("tokens")
    whole = model(x, padding_mask=mask, **given)
    state = model.new_state(x.shape[0], x.shape[1])
    pieces = []
    for start, end in [(0, prompt), *((t, t + 1) for t in range(prompt, x.shape[1]))]:
        pieces.append(model.run(x[:, start:end], mask[:, start:end], state=state, **given).logits)
        given = {}
    assert distance(torch.cat(pieces, 1)[mask], whole[mask]) < CLOSE


GAPS = torch.ones(3, 9, dtype=torch.bool)
GAPS[0, :2] = GAPS[1, 3:6] = GAPS[2, 5:] = False


@torch.no_grad()
def assert_gaps_are_skipped(model: Model) -> None:
    """Padding on the left, in the middle and on the right: each row gives the logits of its real tokens alone."""
    x = tokens(3, 9)
    padded = model(x, padding_mask=GAPS)
    for row in range(3):
        alone = model(x[row : row + 1, GAPS[row]])
        assert distance(padded[row : row + 1, GAPS[row]], alone) < CLOSE
