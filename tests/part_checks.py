"""What every built model must keep, as checks that the tests of parts share."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from specs import distance, tokens
from variants.builder import Model

CLOSE = 1e-10  # float64: the order of sums is all that may differ


def inputs(model: Model, batch: int = 3, length: int = 9, source: int = 7) -> dict[str, Any]:
    """Random tokens, and a source where the model has an encoder beside a decoder."""
    given: dict[str, Any] = {"tokens": tokens(batch, length)}
    if model.encoder is not None and model.decoder is not None:
        given["source"] = tokens(batch, source, seed=2)
    return given


def assert_every_parameter_learns(model: Model, except_for: tuple[str, ...] = (), **given: Any) -> None:
    """Every parameter, every named slice included, gets a gradient."""
    out = model.run(**(given or inputs(model)))
    loss = (out.logits * torch.randn_like(out.logits)).sum() + sum(out.aux.values())
    model.zero_grad()
    loss.backward()
    for name, parameter in model.named_parameters():
        if name.endswith(except_for or ("?",)):
            continue
        assert parameter.grad is not None, name
        assert float(parameter.grad.abs().max()) > 0, name


def assert_padding_is_invisible(model: Model, side: str = "right", pads: int = 3) -> None:
    """Padding on one side of tokens and source leaves the logits of real positions as they are."""
    given = inputs(model)
    plain = model(**given)
    shown, mask = pad(given["tokens"], side, pads)
    padded = {"tokens": shown, "padding_mask": mask}
    if "source" in given:
        padded["source"], padded["source_padding_mask"] = pad(given["source"], side, pads)
    logits = model(**padded)
    if logits.dim() == 3:
        logits = logits[:, pads:] if side == "left" else logits[:, :-pads]
    assert distance(logits, plain) < CLOSE


def pad(x_BT: Tensor, side: str, pads: int) -> tuple[Tensor, Tensor]:
    """Tokens with random padding on a side, and the mask of the real ones."""
    noise = tokens(x_BT.shape[0], pads, seed=9)
    real = torch.ones_like(x_BT, dtype=torch.bool)
    fake = torch.zeros_like(noise, dtype=torch.bool)
    pieces = [(noise, fake), (x_BT, real)] if side == "left" else [(x_BT, real), (noise, fake)]
    return torch.cat([p[0] for p in pieces], 1), torch.cat([p[1] for p in pieces], 1)


@torch.no_grad()
def assert_cached_equals_full(model: Model, prompt: int = 4, mask: Tensor | None = None) -> None:
    """A prompt and then single tokens through the decoding state give the logits of the whole sequence."""
    given = inputs(model)
    x = given.pop("tokens")
    whole = model(x, padding_mask=mask, **given)
    state = model.new_state(x.shape[0], x.shape[1])
    pieces = []
    for start, end in [(0, prompt), *((t, t + 1) for t in range(prompt, x.shape[1]))]:
        now = None if mask is None else mask[:, start:end]
        pieces.append(model.run(x[:, start:end], padding_mask=now, state=state, **given).logits)
        given = {}
    logits = torch.cat(pieces, 1)
    if mask is not None:
        logits, whole = logits[mask], whole[mask]
    assert distance(logits, whole) < CLOSE


def assert_causal(model: Model) -> None:
    """A change of token t leaves the logits before t, and reaches those from t on."""
    given = inputs(model)
    before = model(**given)
    x = given["tokens"]
    given["tokens"] = torch.cat([x[:, :5], (x[:, 5:6] + 1) % 37, x[:, 6:]], 1)
    after = model(**given)
    assert distance(after[:, :5], before[:, :5]) == 0
    assert float((after[:, 5:] - before[:, 5:]).detach().abs().amax((0, 2)).min()) > 0


def assert_rows_are_apart(model: Model) -> None:
    """A change in one row of the batch leaves the others."""
    given = inputs(model)
    before = model(**given)
    given["tokens"] = torch.cat([(given["tokens"][:1] + 3) % 37, given["tokens"][1:]])
    assert distance(model(**given)[1:], before[1:]) < CLOSE


def assert_compiles_whole(model: Model) -> None:
    """One graph without a break, and the same logits."""
    given = inputs(model)
    torch._dynamo.reset()
    compiled = torch.compile(model, backend="eager", fullgraph=True)
    assert distance(compiled(**given), model(**given)) < CLOSE
