"""Small models around one kind of part, for the stacks and positions that it may meet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from catalog.errors import CatalogError
from catalog.records import Option
from catalog.resolution import resolve_model
from catalog.types import parse
from variants.parts import Mixer, Spec
from variants.registry import ATTENTION as ATTENTION_KINDS
from variants.registry import SORTS, Kind, records

MODEL = {
    "d_model": 32,
    "vocab_size": 37,
    "context_length": 24,
    "embedding": "token",
    "head": {"kind": "lm"},
    "init": {"kind": "normal", "std": 0.02},
}
STACK = {"n_layers": 2, "norm": "layer_norm", "residual": "pre_norm"}
ATTENTION = {"attention": {"kind": "softmax", "n_heads": 4}}
FFN = {"ffn": {"kind": "mlp", "d_ff": 40}}
IMAGES = {"kind": "patch", "image_size": 8, "patch_size": 4, "distillation_token": True}
# an embedding may have no table to share, and a head may need slots that only images have
ASIDE: dict[str, tuple[str, Spec]] = {
    "embedding": ("encoder with an untied head", {"head": {"kind": "lm", "tied": False}}),
    "head": ("encoder of images", {"embedding": IMAGES}),
}
# for each hook that an attention kind honours, a scheme that uses it
SCHEMES: dict[str, Spec] = {
    "rotate": {"kind": "rope"},
    "bias": {"kind": "alibi", "ids": "mask"},
    "distances": {"kind": "disentangled"},
}
# for each sort that stands inside another part, one that holds it
HOSTS = {"router": ("ffn", "moe")}
STREAM_PARTS = ("norm", "residual", "visibility", "position")
# small values of options without a default, by name and by type, where the kind was registered without
NAMED = {"n_heads": 4, "n_kv_heads": 2, "d_ff": 40, "n_experts": 4, "n_active": 2}
TYPED = {"Count": 3, "Whole": 1, "Integer": 1, "Number": 1.5, "Positive": 1.5, "NonNegative": 0.5, "Flag": True}


def surroundings(kind: Kind) -> Iterator[tuple[str, Spec]]:
    """Names of places, and models as an entry writes them, with the kind in each place that its sort allows."""
    part = {"kind": kind.name, **_needed(kind)}
    if kind.sort in ("embedding", "head", "init"):
        yield "decoder", {**MODEL, "decoder": _stack([ATTENTION, FFN]), kind.sort: part}
        encoder = {**MODEL, "encoder": _stack([ATTENTION, FFN])}
        yield "encoder", {**encoder, kind.sort: part}
        for place, around in (ASIDE[kind.sort],) if kind.sort in ASIDE else ():
            yield place, {**encoder, **around, kind.sort: part}
    elif kind.sort in STREAM_PARTS:
        stack = {**_stack([_attention_for(kind), FFN]), kind.sort: part}
        yield "decoder", {**MODEL, "decoder": stack}
        yield "encoder", {**MODEL, "encoder": stack}
    elif kind.sort in HOSTS:
        sort, name = HOSTS[kind.sort]
        host = SORTS[sort].kinds[name]
        yield from _with_branch(host, {"kind": name, **_needed(host), kind.sort: part})
    else:
        yield from _with_branch(kind, part)


def resolved(model: Mapping[str, Any]) -> Spec:
    """The resolved spec.

    Raises:
        ValueError: the parts do not go together, or an option is wrong; one line.
    """
    try:
        return resolve_model(model, records())
    except CatalogError as error:
        raise ValueError("; ".join(str(error).splitlines())) from error


def _needed(kind: Kind) -> Spec:
    """Values for options without a default, those of nested parts too: the kind's tiny ones, or small ones."""
    needed = {}
    for name, option in kind.record().options.items():
        if option.required:
            needed[name] = _small(kind, name, option)
        elif isinstance(option.default, dict):
            inner = SORTS[parse(option.type).argument].kinds[option.default["kind"]]
            needed[name] = {**option.default, **_needed(inner)}
    return needed


def _small(kind: Kind, name: str, option: Option) -> Any:
    parsed = parse(option.type)
    known = {**NAMED, **kind.tiny}
    if name in known:
        return known[name]
    if parsed.choices:
        return parsed.choices[0]
    if parsed.argument in TYPED:
        return TYPED[parsed.argument]
    raise ValueError(
        f"{kind.sort} {kind.name}: option {name!r} has no default; "
        f"say a small value where the class is registered: register({kind.name!r}, {name}=...)"
    )


def _attention_for(kind: Kind) -> Spec:
    """Softmax attention, or for a position scheme with other hooks the first kind that honours them all."""
    hooks = set(kind.record().hooks) if kind.sort == "position" else set()
    able = [other for other in ATTENTION_KINDS.kinds.values() if hooks <= set(other.record().hooks)]
    if not able or any(other.name == ATTENTION["attention"]["kind"] for other in able):
        return ATTENTION
    return {"attention": {"kind": able[0].name, **_needed(able[0])}}


def _with_branch(kind: Kind, part: Spec) -> Iterator[tuple[str, Spec]]:
    assert issubclass(kind.cls, Mixer)
    branch = {kind.sort: part}
    if kind.sort == "cross_attention" or kind.cls.reads_memory:
        rows = [ATTENTION, branch, FFN] if kind.sort == "cross_attention" else [branch, FFN]
        yield "encoder-decoder", {**MODEL, "encoder": _stack([ATTENTION, FFN]), "decoder": _stack(rows)}
        return
    rows = [ATTENTION, branch] if kind.sort == "ffn" else [branch, FFN]
    yield "decoder", {**MODEL, "decoder": _stack(rows)}
    for hook, scheme in SCHEMES.items():
        if hook in kind.cls.hooks:
            yield f"decoder with {scheme['kind']}", {**MODEL, "decoder": {**_stack(rows), "position": scheme}}
    yield "encoder", {**MODEL, "encoder": _stack(rows)}


def _stack(rows: list[Spec]) -> Spec:
    return {**STACK, "sublayers": rows}
