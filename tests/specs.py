"""Small resolved specs, filled from the live registry, and models with weights at which nothing hides at 0 or 1."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor

from catalog.records import Records
from variants.builder import Model, build_model
from variants.registry import records

Spec = dict[str, Any]
DIMS = {"n_heads": 4, "n_kv_heads": 2, "d_ff": 40, "n_experts": 4, "n_active": 2, "n_classes": 5}
_CACHE: dict[str, Records] = {}


def part(sort: str, kind: str | Spec, **options: Any) -> Spec:
    """The filled part: given options, then the small dimensions of this file where one is required, then defaults."""
    spec = {"kind": kind} if isinstance(kind, str) else dict(kind)
    spec |= options
    record = live()[sort][spec["kind"]]
    unknown = set(spec) - {"kind", "sort"} - set(record.options)
    assert not unknown, f"{sort} {spec['kind']} has no option {unknown}"
    filled: Spec = {"kind": spec["kind"]}
    for name, option in record.options.items():
        value = DIMS.get(name) if option.required else copy.deepcopy(option.default)
        filled[name] = _nested(option.type, spec.get(name, value))
        assert filled[name] is not None or not option.required, f"{sort} {spec['kind']} needs {name}"
    return filled


def live() -> Records:
    """The registry's records, read once."""
    if "live" not in _CACHE:
        _CACHE["live"] = records()
    return _CACHE["live"]


def _nested(type_name: str, value: Any) -> Any:
    if value is None or not type_name.startswith("Part"):
        return value
    sort = type_name.split("[")[1].split("]")[0]
    return [part(sort, v) for v in value] if isinstance(value, list) else part(sort, value)


def stack(
    sublayers: list[Any],
    *,
    n_layers: int = 2,
    position: str | Spec | list[str | Spec] = (),  # type: ignore[assignment]
    norm: str | Spec | None = "layer_norm",
    residual: str | Spec = "pre_norm",
    visibility: str | Spec = "causal",
    groups: list[int] | None = None,
) -> Spec:
    """A stack of one block; a sublayer maps branch names (their sorts, or `sort` in the part) to parts."""
    positions = position if isinstance(position, list | tuple) else [position]
    shared = {"residual": part("residual", residual), "norm": part("norm", norm) if norm else None}
    return {
        "n_layers": n_layers,
        "position": [part("position", p) for p in positions],
        "visibility": part("visibility", visibility),
        **shared,
        "blocks": {"default": {"sublayers": [_sublayer(s) for s in sublayers], **shared}},
        "layers": ["default"] * n_layers,
        "groups": groups or list(range(n_layers)),
    }


def _sublayer(branches: Spec) -> Spec:
    filled = {}
    for name, branch in branches.items():
        sort = branch.get("sort", name) if isinstance(branch, dict) else name
        filled[name] = {"sort": sort, **part(sort, branch)}
    return filled


ATTENTION_FFN: list[Spec] = [{"attention": "softmax"}, {"ffn": "mlp"}]
WITH_MEMORY: list[Spec] = [{"attention": "softmax"}, {"cross_attention": "softmax"}, {"ffn": "mlp"}]


def decoder_spec(sublayers: list[Any] = ATTENTION_FFN, *, model: Spec | None = None, **options: Any) -> Spec:
    """A decoder; `options` are those of `stack`, `model` holds the model's own fields."""
    return _spec(None, stack(sublayers, **options), model)


def encoder_spec(sublayers: list[Any] = ATTENTION_FFN, *, model: Spec | None = None, **options: Any) -> Spec:
    """An encoder; `options` are those of `stack`, `model` holds the model's own fields."""
    return _spec(stack(sublayers, **{"visibility": "full"} | options), None, model)


def encoder_decoder_spec(
    sublayers: list[Any] = WITH_MEMORY,
    *,
    encoder_sublayers: list[Any] = ATTENTION_FFN,
    encoder: Spec | None = None,
    model: Spec | None = None,
    **options: Any,
) -> Spec:
    """Both stacks; `options` go to the decoder's `stack`, `encoder` holds those of the encoder's."""
    first = stack(encoder_sublayers, **{"visibility": "full"} | (encoder or {}))
    return _spec(first, stack(sublayers, **options), model)


def _spec(encoder: Spec | None, decoder: Spec | None, model: Spec | None) -> Spec:
    fields: Spec = {"d_model": 32, "vocab_size": 37, "context_length": 24}
    parts = {"embedding": "token", "head": "lm", "init": "normal"}
    fields |= {name: value for name, value in (model or {}).items() if name not in parts}
    made = {sort: part(sort, (model or {}).get(sort, kind)) for sort, kind in parts.items()}
    return {**fields, "embedding": made["embedding"], "encoder": encoder, "decoder": decoder} | made


def build(spec: Spec, seed: int = 0) -> Model:
    """The model in float64 and eval mode, every parameter away from the constants it starts at."""
    model = build_model(spec, seed=seed).double().eval()
    stir(model, seed)
    return model


@torch.no_grad()
def stir(model: torch.nn.Module, seed: int = 0) -> None:
    """Adds N(0, 0.2^2) to vectors and draws matrices from N(0, 1/fan_in), so that logits have a spread near one."""
    draw = torch.Generator().manual_seed(seed)
    for parameter in model.parameters():
        noise = torch.randn(parameter.shape, generator=draw, dtype=torch.float64).to(parameter.dtype)
        if parameter.dim() < 2:
            parameter.add_(noise * 0.2)
        else:
            parameter.copy_(noise * parameter.shape[-1] ** -0.5)


def tokens(batch: int = 3, length: int = 10, vocabulary: int = 37, seed: int = 1) -> Tensor:
    """Random token ids, (B, T)."""
    return torch.randint(0, vocabulary, (batch, length), generator=torch.Generator().manual_seed(seed))


def distance(a: Tensor, b: Tensor) -> float:
    """The largest absolute difference."""
    assert a.shape == b.shape, f"{tuple(a.shape)} is not {tuple(b.shape)}"
    return float((a - b).detach().abs().max()) if a.numel() else 0.0
