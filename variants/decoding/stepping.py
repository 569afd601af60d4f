"""One token after the other through a decoder: its parts are bound to a state once, and then only called."""

from __future__ import annotations

from torch import Tensor

from variants.at_hand import has_hooks
from variants.binding import Step
from variants.builder import Model
from variants.context import Context, State


def stepping(model: Model, state: State) -> Step:
    """Gives the logits (B, V) after one more token of each row (B,), until the state is full.

    As `model.run`, which has to serve where somebody is told of calls, or where modules act as in training. Parameters
    that are exchanged afterwards are not seen.
    """
    watched = any(has_hooks(m) or m.training for m in model.modules())
    return _general(model, state) if watched else _bound(model, state)


def _general(model: Model, state: State) -> Step:
    return lambda token_B: model.run(token_B[:, None], state=state).logits[:, -1]


def _bound(model: Model, state: State) -> Step:
    assert model.decoder is not None
    device = next(model.parameters()).device
    context = Context(state.batch, 1, device, mask_BS=state.mask_BS, state=state, kernels=model.kernels_seen)
    state.share_memory(context)
    whole, decode = state.mask_BS is None, model.decoder.bind(model.embedding, context)

    def step(token_B: Tensor) -> Tensor:
        state.check_room(state.length + 1)
        context.renew(token_B.shape[0])
        state.place(context, None)
        state.share_memory(context)
        assert (context.mask_BS is None) == whole, "padding has come between steps that were bound without"
        x_B1D = decode(token_B.unsqueeze(1))
        state.length += 1
        logits: Tensor = model.head(x_B1D, context, model.embedding)
        return logits.squeeze(1)

    return step
