"""Binding: what a module does to one token after another, with all that stays the same looked up once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor, nn

from variants.context import Context
from variants.parts import Joint, Mixer
from variants.projections import OutputLinear, SlicedLinear

Step = Callable[[Tensor], Tensor]
Change = Callable[[Any], Any]  # of a stream
Binder = Callable[..., Any]
BINDERS: dict[type[nn.Module], Binder] = {}


def binds(kind: type[nn.Module]) -> Callable[[Binder], Binder]:
    """Registers how a module of exactly this class is bound; a subclass may compute something else and is not meant.

    The function gets the module, the context of one decoding, whose state has read a prompt, and what the module is
    called with beside: a joint the steps of its branches, a block its depth, a stack the embedding. It gives a step
    equal to the module's forward on one token of each row (a block one for each sublayer), or None where it has none
    for these options. A step may hold parameters, but not the state's tensors, which beam search exchanges.

    Raises:
        ValueError: the class is another file's.
    """

    def register(binder: Binder) -> Binder:
        if binder.__module__ != kind.__module__:
            raise ValueError(f"{binder.__name__} binds {kind.__name__} of another file; a step stands beside its class")
        BINDERS[kind] = binder
        return binder

    return register


def bound(module: nn.Module, context: Context, *more: Any) -> Any:
    """The step of a module, by its own class; None where the general forward has to serve."""
    binder = BINDERS.get(type(module))
    return None if binder is None else binder(module, context, *more)


def bind(module: nn.Module, context: Context) -> Step:
    """The step of a module that reads one tensor alone, as a norm does."""
    step: Step = bound(module, context) or module
    return step


def bind_mixer(mixer: Mixer, context: Context) -> Step:
    """The step of the branch that the context has entered."""
    where = context.where

    def general(x_B1D: Tensor) -> Tensor:
        context.enter(*where)
        y_B1D: Tensor = mixer(x_B1D, context)
        return y_B1D

    step: Step = bound(mixer, context) or general
    return step


def bind_joint(joint: Joint, context: Context, branches: Sequence[Step]) -> Change:
    """The step of a sublayer, from stream to stream."""

    def general(stream: Any) -> Any:
        return joint.write(stream, [step(x) for step, x in zip(branches, joint.read(stream), strict=True)])

    change: Change = bound(joint, context, branches) or general
    return change


def weights_of(linear: nn.Module) -> tuple[Tensor, Tensor | None] | None:
    """Weight and bias of a linear projection, slices side by side; None where another module stands in its place."""
    if type(linear) in (nn.Linear, OutputLinear):
        return linear.weight, linear.bias  # type: ignore[return-value]
    return (linear.weight, linear.full_bias()) if type(linear) is SlicedLinear else None
