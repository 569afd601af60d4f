"""The model compiles as one graph, and the graph gives the same logits."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from variants.certificate.subject import Subject


def check_compile(subject: Subject) -> Iterator[str]:
    """Traces with the `eager` backend, which compiles nothing; equality under inductor belongs to the benchmarks."""
    inputs = subject.inputs(batch=2)
    torch.compiler.reset()
    compiled = torch.compile(subject.model, backend="eager", fullgraph=True)
    try:
        with torch.no_grad():
            change = float((compiled(**inputs) - subject.model(**inputs)).abs().max())
    except torch._dynamo.exc.Unsupported as error:
        yield f"graph break: {str(error).splitlines()[0]}"
        return
    finally:
        torch.compiler.reset()
    if change > 1e-8:
        yield f"the compiled model differs by {change:.1e}"
