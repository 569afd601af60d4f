"""Whether parts combine: a small model with one part exchanged, or two, is resolved, built and run."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from typing import Any

import torch

from catalog.errors import CatalogError
from catalog.records import PartRecord, Records
from catalog.resolution import resolve_model
from variants.builder import build_model
from variants.certificate.visibility import foresees
from variants.parts import Norm, Spec

TOKENS, CLASSES = 8, 3
MIXERS = ("attention", "recurrence", "convolution")
_PLACE = re.compile(r" \(\w+\.mixer\)")
_DIMENSIONS = {"d_model": 32, "n_layers": 1, "vocab_size": 31, "context_length": 24}
_FILL: dict[str, Any] = {
    "n_heads": 4,
    "d_ff": 40,
    "n_experts": 4,
    "n_classes": CLASSES,
    "image_size": 8,
    "patch_size": 4,
}
_ASKED = {"distillation_token": True}  # options that the other part of a pair may need


def why_not(model: Spec, records: Records) -> str | None:
    """Why a model as written cannot be; None where it is built and runs."""
    try:
        spec = resolve_model(model, records)
        built = build_model(spec).eval()
        draw = torch.Generator().manual_seed(0)
        tokens = built.embedding.sample(2, TOKENS, draw)
        both = spec["encoder"] and spec["decoder"]
        source = (built.source_embedding or built.embedding).sample(2, TOKENS, draw) if both else None
        with torch.no_grad():
            built.run(tokens, source=source)
    except CatalogError as error:
        return _PLACE.sub("", error.faults[0].message)
    except ValueError as error:
        return str(error).splitlines()[0]
    given = (spec["decoder"] or spec["encoder"])["norm"]
    if given and not any(isinstance(module, Norm) for module in built.modules()):
        return "no part of this model has a use for a norm"
    return "a token of the decoder would see the future" if built.decoder and foresees(built.decoder) else None


def base(stack: str) -> Spec:
    """A small model as written, with the stack's name or both."""
    sublayers: list[Any] = [{"mixer": {"sort": "attention", "kind": "softmax", "n_heads": 4}}]
    if stack == "encoder_decoder":
        sublayers.append({"cross_attention": {"kind": "softmax", "n_heads": 4}})
    sublayers.append({"ffn": {"kind": "mlp", "d_ff": 40}})
    made = {"norm": {"kind": "layer_norm"}, "residual": {"kind": "pre_norm"}, "sublayers": sublayers}
    model: Spec = {**_DIMENSIONS, "embedding": {"kind": "token"}, "head": {"kind": "lm"}, "init": {"kind": "normal"}}
    for name in ("encoder", "decoder") if stack == "encoder_decoder" else (stack,):
        model[name] = copy.deepcopy(made)
    if stack == "encoder_decoder":
        model["encoder"]["sublayers"] = [row for row in made["sublayers"] if "cross_attention" not in row]
    return model


def part(sort: str, kind: str, records: Records) -> Spec:
    """A part as written, with the options that must be given."""
    record: PartRecord = records[sort][kind]
    needed = {name: option for name, option in record.options.items() if option.required}
    made: Spec = {"kind": kind, **{name: value for name, value in _ASKED.items() if name in record.options}}
    for name, option in needed.items():
        if option.type.startswith("Part"):
            inner = option.type.partition("[")[2].partition("]")[0]
            if inner != "norm":  # the stack's own norm serves where a part asks for one
                made[name] = part(inner, next(iter(records[inner])), records)
        else:
            made[name] = record.tiny.get(name, _FILL.get(name, 2))
    return made


def kinds_of(axis: str, records: Records) -> dict[str, tuple[str, str]]:
    """The kinds along an axis as {label: (sort, kind)}; `mixer` holds all that mixes tokens."""
    sorts = MIXERS if axis == "mixer" else (axis,)
    found = {(sort, kind): kind for sort in sorts for kind in sorted(records[sort])}
    labels = list(found.values())
    return {kind if labels.count(kind) == 1 else f"{kind} {sort}": (sort, kind) for sort, kind in found}


def needed_by(chosen: Mapping[str, tuple[str, str]], records: Records) -> dict[str, tuple[str, str]]:
    """The position scheme that a mixer alone can honour, or the mixer of such a scheme, where that axis is open."""
    plain = set(records["attention"]["softmax"].hooks)
    for position, record in records["position"].items():
        needed = set(record.hooks) - {"ids", "embed"}
        able = [("attention", name) for name, mixer in records["attention"].items() if needed <= set(mixer.hooks)]
        if needed <= plain or not able:
            continue
        if "position" not in chosen and chosen.get("mixer") in able:
            return {"position": ("position", position)}
        if "mixer" not in chosen and chosen.get("position") == ("position", position):
            return {"mixer": able[0]}
    return {}


def put(model: Spec, axis: str, sort: str, made: Spec | None) -> None:
    """Exchange the part of an axis; in a model of two stacks, that of the decoder."""
    if axis in ("embedding", "head", "init"):
        model[axis] = made
        return
    stack = model.get("decoder") or model["encoder"]
    if axis != "mixer":
        stack[axis] = made
        return
    for row in stack["sublayers"]:
        if axis in row:
            row[axis] = {"sort": sort, **(made or {})}
