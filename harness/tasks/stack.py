"""Which stack a resolved spec has, and the refusal of one that a task has no exact loss for, or nothing to read."""

from collections.abc import Mapping
from typing import Any

NAMES = {(True, True): "encoder_decoder", (True, False): "encoder", (False, True): "decoder"}


def stack_of(spec: Mapping[str, Any]) -> str:
    """`encoder`, `decoder` or `encoder_decoder`.

    Raises:
        ValueError: the spec has neither an encoder nor a decoder.
    """
    has = (spec.get("encoder") is not None, spec.get("decoder") is not None)
    if has not in NAMES:
        raise ValueError("model: neither encoder nor decoder is given (allowed: encoder, decoder, or both)")
    return NAMES[has]


def require_stack(task: str, spec: Mapping[str, Any], allowed: frozenset[str], images: bool = False) -> str:
    """The spec's stack, when the task has an exact loss for it and shows what its embedding reads: tokens, or images.

    Raises:
        ValueError: it has none, or the embedding reads the other.
    """
    stack = stack_of(spec)
    if stack not in allowed:
        raise ValueError(
            f"task {task}: no exact loss for the {stack} stack (got {stack}; allowed: {', '.join(sorted(allowed))})"
        )
    embedding = spec.get("embedding") or {}
    if ("patch_size" in embedding) != images:
        reads, which = ("images", "with") if images else ("tokens", "without")
        raise ValueError(
            f"embedding: {task} needs one that reads {reads} "
            f"(got {embedding.get('kind')}; allowed: kinds {which} a patch_size)"
        )
    return stack
