"""torch.compile for the losses of a run, in a process that trains one model after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from harness.ledger.canonical import canonical

_held: list[str] = []


def compiled(losses: Callable[..., Any], model_spec: Any) -> Callable[..., Any]:
    """`losses` under torch.compile; the code is shared by runs of one model, and dropped when another comes.

    Dropping matters: past eight models the compiler would give up on the function and run it as it is, in silence.
    """
    held = canonical(model_spec)
    if held not in _held:
        torch.compiler.reset()
        _held[:] = [held]
    return torch.compile(losses)
