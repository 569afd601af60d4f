"""The head that a task asks of a model, as a complete part of the spec."""

from typing import Any

from catalog.schema import fill

Spec = dict[str, Any]


def lm_head(spec: Spec) -> Spec:
    """Logits over the vocabulary; an entry's own language-modelling head is kept as it is, else a tied one."""
    head = spec.get("head") or {}
    return dict(head) if head.get("kind") == "lm" else fill("head", {"kind": "lm", "tied": True})


def classifier_head(n_classes: int, pool: str) -> Spec:
    """Logits over classes from the stream pooled by `pool`: mean, first or last."""
    return fill("head", {"kind": "classifier", "n_classes": n_classes, "pool": pool})


def token_score_head(spec: Spec) -> Spec:
    """One logit per token; an entry's own is kept as it is."""
    head = spec.get("head") or {}
    return dict(head) if head.get("kind") == "token_score" else fill("head", {"kind": "token_score"})
