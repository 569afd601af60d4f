"""Registries of kinds, one per sort of part; a module in the sort's folder registers itself by decorator."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeVar

from catalog.schema import PartRecord, options_of
from variants.parts import Part, Site

P = TypeVar("P", bound=type[Part])


@dataclass(frozen=True)
class Kind:
    """A registered class and the tiny values of its options that `shrink` uses."""

    sort: str
    name: str
    cls: type[Part]
    tiny: dict[str, Any]

    def build(self, site: Site, options: dict[str, Any]) -> Part:
        """The part with these options, at its site.

        Raises:
            ValueError: an option is none of this kind's, or the part refuses its value.
        """
        unknown = sorted(set(options) - keywords(self.cls))  # type: ignore[arg-type]
        if unknown:
            stale = "if the catalog allowed it, its index is stale: `python -m variants.index` writes it anew"
            raise ValueError(f"{self.sort} kind {self.name!r} has no option {unknown[0]!r}; {stale}")
        return self.cls(site, **options)

    def record(self) -> PartRecord:
        """The kind as `catalog/parts.json` holds it: documentation, options, tiny values and hooks."""
        doc = inspect.getdoc(self.cls) or ""
        paper = re.search(r"https?://[^\s)]+", doc)
        said = {name: " ".join(text.split()) for name, text in re.findall(r"`(\w+)`([^.;]*)", doc)}
        return PartRecord(
            doc=doc.split("\n")[0],
            paper=paper.group(0).rstrip(".,;") if paper else None,
            options=options_of(self.cls, {name: f"{name} {text}".strip() for name, text in said.items()}),
            tiny=self.tiny,
            hooks=tuple(sorted(getattr(self.cls, "hooks", ()))),
            more={"is_relative": True} if getattr(self.cls, "is_relative", False) else {},
        )


@cache
def keywords(cls: type[Part]) -> frozenset[str]:
    """The names of a part's options: its keyword-only parameters."""
    parameters = inspect.signature(cls.__init__).parameters.values()
    return frozenset(p.name for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY)


@dataclass
class Registry:
    """The kinds of one sort."""

    sort: str
    kinds: dict[str, Kind] = field(default_factory=dict)

    def register(self, name: str, **tiny: Any) -> Callable[[P], P]:
        """Registers a class under `name`; the keywords are its options' values in a shrunk model."""

        def decorate(cls: P) -> P:
            known = self.kinds.get(name)
            if known is not None and known.cls.__qualname__ != cls.__qualname__:
                taken = f"the {self.sort} kind {name!r} is taken"
                raise ValueError(f"{taken}; register {cls.__qualname__} under another name")
            self.kinds[name] = Kind(self.sort, name, cls, tiny)
            return cls

        return decorate


SORTS: dict[str, Registry] = {
    sort: Registry(sort)
    for sort in (
        "attention",
        "cross_attention",
        "ffn",
        "recurrence",
        "convolution",
        "norm",
        "position",
        "residual",
        "visibility",
        "embedding",
        "head",
        "init",
        "router",
    )
}
ATTENTION, CROSS_ATTENTION, FFN = SORTS["attention"], SORTS["cross_attention"], SORTS["ffn"]
RECURRENCE, CONVOLUTION = SORTS["recurrence"], SORTS["convolution"]
NORM, POSITION, RESIDUAL, VISIBILITY = SORTS["norm"], SORTS["position"], SORTS["residual"], SORTS["visibility"]
EMBEDDING, HEAD, INIT, ROUTER = SORTS["embedding"], SORTS["head"], SORTS["init"], SORTS["router"]

ON_CHANGE: list[Callable[[], None]] = []  # what keeps something of the registry adds how it drops it


def tell_of_change() -> None:
    """A kind came or went other than by discovery: whoever keeps something of the registry drops it."""
    for drop in ON_CHANGE:
        drop()


def discover() -> None:
    """Imports every module in the sorts' folders, so that each kind registers itself, and the user's files in use."""
    from variants.own_parts import load_own_parts

    for sort in SORTS:
        package = importlib.import_module(f"variants.{sort}")
        for module in pkgutil.iter_modules(package.__path__):
            importlib.import_module(f"variants.{sort}.{module.name}")
    load_own_parts()


def records() -> dict[str, dict[str, PartRecord]]:
    """The live registry in the shape of `catalog/parts.json`."""
    discover()
    return {sort: {kind: k.record() for kind, k in sorted(r.kinds.items())} for sort, r in SORTS.items()}
