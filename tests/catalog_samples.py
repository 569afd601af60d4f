"""A small set of part records and a small model, so that tests of the catalog do not depend on the registered parts."""

import copy
from typing import Any

from catalog.records import Records, records_from_json


def _record(*hooks: str, **options: tuple[Any, ...]) -> dict[str, Any]:
    described = {
        name: {"type": kind, "default": default[0] if default else None, "required": not default}
        for name, (kind, *default) in options.items()
    }
    return {"options": described, "hooks": list(hooks)}


RECORDS: Records = records_from_json(
    {
        "attention": {
            "softmax": _record(
                "rotate",
                "bias",
                n_heads=("Count",),
                n_kv_heads=("Count | None", None),
                window=("Count | None", None),
                bias=("Flag", False),
                qk_norm=("Part[norm] | None", None),
                position=("Parts[position] | None", None),
            ),
            "linear": _record(n_heads=("Count",), feature=("Choice[elu|relu]", "elu")),
        },
        "cross_attention": {"softmax": _record(n_heads=("Count",))},
        "recurrence": {"gru": _record(d_state=("Count",))},
        "ffn": {
            "mlp": _record(d_ff=("Count",), activation=("Part[activation]", "gelu"), dropout=("Probability", 0.0)),
            "moe": _record(n_experts=("Count",), expert=("Part[ffn]",), weights=("Numbers | None", None)),
        },
        "activation": {"gelu": _record(), "relu": _record()},
        "norm": {"layer_norm": _record(eps=("Positive", 1e-5)), "rms_norm": _record(eps=("Positive", 1e-6))},
        "residual": {"pre_norm": _record(norm=("Part[norm]",)), "rezero": _record()},
        "visibility": {"causal": _record(), "full": _record()},
        "position": {
            "learned": _record("embed", context_length=("Count",)),
            "rope": _record("rotate", theta=("Positive", 10000.0)),
            "alibi": _record("bias"),
        },
        "embedding": {"token": _record(dropout=("Probability", 0.0))},
        "head": {"lm": _record(tied=("Flag", True))},
        "init": {"normal": _record(std=("Positive", 0.02))},
    }
)

_MODEL: dict[str, Any] = {
    "d_model": 32,
    "n_layers": 4,
    "n_heads": 4,
    "d_ff": 64,
    "vocab_size": 100,
    "context_length": 16,
    "embedding": "token",
    "decoder": {
        "position": {"kind": "learned"},
        "norm": {"kind": "layer_norm", "eps": 1e-6},
        "residual": "pre_norm",
        "sublayers": [{"attention": {"kind": "softmax", "bias": True}}, {"ffn": {"kind": "mlp"}}],
    },
    "head": {"kind": "lm"},
    "init": {"kind": "normal", "std": 1},
}

FACTS = """name: Tiny
date: 2019-02
change: nothing
paper: {title: A Title, authors: [Ada, Bo], year: 2019, url: "https://example.org/a"}
"""

MODEL_TEXT = """model:
  d_model: 32
  n_layers: 2
  n_heads: 4
  d_ff: 64
  vocab_size: 100
  context_length: 16
  embedding: token
  decoder:
    position: rope
    norm: layer_norm
    residual: pre_norm
    sublayers:
      - attention: {kind: softmax}
      - ffn: {kind: mlp, activation: gelu}
  head: lm
  init: normal
"""


def tiny_model() -> dict[str, Any]:
    """A decoder of four layers as it is written; yours to change."""
    return copy.deepcopy(_MODEL)
