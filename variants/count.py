"""Parameter counts of a spec, measured on the meta device."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from torch import nn

from variants.builder import build_model
from variants.parts import Spec
from variants.projections import Table, VocabularyLinear


def count_parameters(spec: Spec) -> dict[str, Any]:
    """Counts by role: `total`, `embedding` (tables and an untied head), `non_embedding`, and `by_module`.

    Nothing is allocated; a shared tensor counts once.
    """
    return count(build_model(spec, device="meta"))


def count(model: nn.Module) -> dict[str, Any]:
    """As `count_parameters`, of a model that is built."""
    by_module: dict[str, int] = defaultdict(int)
    embedding = 0
    for path, module in model.named_modules():
        own = sum(p.numel() for p in module.parameters(recurse=False))
        if own:
            by_module[_place(path)] += own
        if isinstance(module, Table | VocabularyLinear):
            embedding += own
    total = sum(by_module.values())
    return {
        "total": total,
        "embedding": embedding,
        "non_embedding": total - embedding,
        "by_module": dict(sorted(by_module.items())),
    }


def _place(path: str) -> str:
    """`decoder.blocks.3.branches.attention.qkv` counts under `decoder.attention`, norms under `decoder.residual`."""
    words = path.split(".")
    if "branches" in words:
        return f"{words[0]}.{words[words.index('branches') + 1]}"
    if "joints" in words or "scheme" in words:
        return f"{words[0]}.residual"
    return ".".join(words[:2]) if words[0] in ("encoder", "decoder") else words[0]
