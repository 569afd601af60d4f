"""A model whose modules reach their parts at once, for loops of many short calls."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import nn
from torch.nn.modules.module import _has_any_global_hook


@contextmanager
def at_hand(model: nn.Module) -> Iterator[None]:
    """Inside the block parameters and submodules are plain attributes, and modules without hooks are called directly.

    `nn.Module` finds a part in Python, after all else has failed, and looks for hooks at every call: a fifth of the
    time of a decoding step of a small model. A hook that a module gets inside the block as its first is not called.
    """
    laid_out = [(module, _lay_out(module)) for module in model.modules()]
    try:
        yield
    finally:
        for module, names in laid_out:
            for name in names:
                module.__dict__.pop(name, None)


def _lay_out(module: nn.Module) -> list[str]:
    """Adds plain attributes to a module, none in place of another; their names."""
    parts: dict[str, Any] = {**module._parameters, **module._buffers, **module._modules}
    added = {name: part for name, part in parts.items() if not hasattr(type(module), name)}
    if module._compiled_call_impl is None and not has_hooks(module):
        added["_compiled_call_impl"] = module.forward  # torch calls this instead of looking for hooks
    module.__dict__.update(added)
    return list(added)


def has_hooks(module: nn.Module) -> bool:
    """Whether somebody is told of this module's calls."""
    ours = module._forward_hooks or module._forward_pre_hooks
    return bool(ours or _has_any_global_hook())  # type: ignore[no-untyped-call]
