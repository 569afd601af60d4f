"""The model compiles as one graph, and the graph gives the same logits."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from variants.certificate.subject import Subject
from variants.parts import Spec


def check_compile(subject: Subject) -> Iterator[str]:
    """Traces one layer of each block with the `eager` backend, which compiles nothing.

    Equality under inductor belongs to the benchmarks.
    """
    thin = _thinned(subject)
    inputs = thin.inputs(batch=2)
    torch.compiler.reset()
    compiled = torch.compile(thin.model, backend="eager", fullgraph=True)
    try:
        with torch.no_grad():
            change = float((compiled(**inputs) - thin.model(**inputs)).abs().max())
    except torch._dynamo.exc.Unsupported as error:
        yield f"graph break: {str(error).splitlines()[0]}"
        return
    finally:
        torch.compiler.reset()
    if change > 1e-8:
        yield f"the compiled model differs by {change:.1e}"


def _thinned(subject: Subject) -> Subject:
    spec = {**subject.spec, **{name: _thin(subject.spec[name]) for name in ("encoder", "decoder")}}
    try:
        return Subject.of(spec, str(subject.device))
    except ValueError:  # a part that has no use for a single layer
        return Subject.of(subject.spec, str(subject.device))


def _thin(stack: Spec | None) -> Spec | None:
    """The stack with one layer of each block, since equal layers trace alike."""
    if stack is None:
        return None
    layers = list(dict.fromkeys(stack["layers"]))
    return {**stack, "n_layers": len(layers), "layers": layers, "groups": list(range(len(layers)))}
