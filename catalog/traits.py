"""Traits of a model: what several options say together, so that entries can be chosen by it."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from catalog.records import Records
from catalog.walk import parts

Part = tuple[str, str, Mapping[str, Any]]
MIXERS = ("attention", "recurrence", "convolution")


class Traced:
    """A resolved spec with its parts walked once, as (path, sort, part)."""

    def __init__(self, spec: Mapping[str, Any], records: Records) -> None:
        self.spec = spec
        self.records = records
        self.parts: list[Part] = list(parts(spec, records))
        self.stacks = [spec[name] for name in ("encoder", "decoder") if spec.get(name)]

    def of(self, sort: str) -> list[Mapping[str, Any]]:
        """The parts of a sort."""
        return [part for _, each, part in self.parts if each == sort]

    def blocks(self) -> Iterator[Mapping[str, Any]]:
        for stack in self.stacks:
            yield from stack["blocks"].values()

    def is_relative(self, position: Mapping[str, Any]) -> bool:
        return bool(self.records["position"][position["kind"]].more.get("is_relative"))

    def groups(self) -> Iterator[tuple[int, int]]:
        """Heads of queries and of keys and values, of every attention that has them apart."""
        for part in self.of("attention"):
            if part.get("n_heads") and "n_kv_heads" in part:
                yield part["n_heads"], part["n_kv_heads"] or part["n_heads"]


def traits_of(spec: Mapping[str, Any], records: Records) -> list[str]:
    """The traits that a resolved spec has, in the order of `TRAITS`."""
    traced = Traced(spec, records)
    return [name for name, (_, holds) in TRAITS.items() if holds(traced)]


def _has_no_position(traced: Traced) -> bool:
    own = (part.get("position") for part in traced.of("attention"))
    return bool(traced.of("attention")) and not any(own) and not any(stack["position"] for stack in traced.stacks)


def _mixes(traced: Traced) -> bool:
    return any(len({(part["sort"], part["kind"]) for part in _mixers(stack)}) > 1 for stack in traced.stacks)


def _mixers(stack: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for block in stack["blocks"].values():
        for row in block["sublayers"]:
            yield from (part for part in row.values() if part["sort"] in MIXERS)


def _narrows(traced: Traced) -> bool:
    return any(traced.records["visibility"][part["kind"]].options for part in traced.of("visibility"))


TRAITS: dict[str, tuple[str, Callable[[Traced], bool]]] = {
    "mha": ("every head has keys and values of its own", lambda t: any(kv == q for q, kv in t.groups())),
    "gqa": ("groups of heads share keys and values", lambda t: any(1 < kv < q for q, kv in t.groups())),
    "mqa": ("all heads share one head of keys and values", lambda t: any(kv == 1 < q for q, kv in t.groups())),
    "mla": ("keys and values come from a latent", lambda t: any("d_latent" in part for part in t.of("attention"))),
    "relative_position": ("distances act in attention", lambda t: any(map(t.is_relative, t.of("position")))),
    "absolute_position": ("places are added to the stream", lambda t: not all(map(t.is_relative, t.of("position")))),
    "no_position": ("attention without any positions", _has_no_position),
    "local": ("some layer sees a window, a chunk or another part of the text", _narrows),
    "moe": ("tokens are sent to a few of many experts", lambda t: any("n_experts" in part for part in t.of("ffn"))),
    "parallel": ("branches side by side", lambda t: any(len(row) > 1 for b in t.blocks() for row in b["sublayers"])),
    "hybrid": ("one stack mixes its tokens in more than one way", _mixes),
    "attention_free": ("no attention at all", lambda t: not (t.of("attention") or t.of("cross_attention"))),
    "shared_layers": ("layers share weights", lambda t: any(len(set(s["groups"])) < s["n_layers"] for s in t.stacks)),
    "tied": ("the head shares the token table", lambda t: any(part.get("tied") for part in t.of("head"))),
}
