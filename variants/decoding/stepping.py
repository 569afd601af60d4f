"""One token after the other through a decoder: its parts are bound to a state once, and then only called."""

from __future__ import annotations

from functools import partial

from torch import Tensor

from variants.at_hand import has_hooks
from variants.binding import Step, bound
from variants.builder import Model
from variants.context import Context, State
from variants.decoding.rereading import Rereading


def stepping(model: Model, state: State) -> Step:
    """Gives the logits (B, V) after one more token of each row (B,), until the state is full.

    Parameters that are exchanged afterwards are not seen.
    """
    if isinstance(state, Rereading):
        return partial(state.step, model)
    return general_step(model, state) if _is_watched(model) else bound_step(model, state)


def general_step(model: Model, state: State) -> Step:
    """By `model.run`."""
    return lambda token_B: model.run(token_B[:, None], state=state).logits[:, -1]


def bound_step(model: Model, state: State) -> Step:
    """By bound parts; as `general_step` where a module stands in place of a block."""
    device = next(model.parameters()).device
    context = Context(state.batch, 1, device, mask_BS=state.mask_BS, state=state, kernels=model.kernels_seen)
    state.share_memory(context)
    whole, embedding = state.mask_BS is None, model.embedding
    assert model.decoder is not None
    decode: Step | None = bound(model.decoder, context, embedding)
    if decode is None:
        return general_step(model, state)

    def step(token_B: Tensor) -> Tensor:
        context.renew(token_B.shape[0])
        state.place(context, None)
        state.share_memory(context)
        assert (context.mask_BS is None) == whole, "padding has come between steps that were bound without"
        x_B1D = decode(token_B.unsqueeze(1))
        state.length += 1
        logits: Tensor = model.head(x_B1D, context, embedding)
        return logits.squeeze(1)

    return step


def _is_watched(model: Model) -> bool:
    """Whether a call may do other things than the classes tell: hooks, a forward put in place of one, training."""
    return type(model) is not Model or any(has_hooks(m) or m.training or "forward" in vars(m) for m in model.modules())
