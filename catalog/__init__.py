"""The catalog: entries, their schema, and what they resolve to; without torch, each name loaded when first used."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from catalog.access import check as check
    from catalog.access import resolve as resolve
    from catalog.cards import show as show
    from catalog.comparing import diff as diff
    from catalog.editor_schema import json_schema as json_schema
    from catalog.entries import Catalog as Catalog
    from catalog.errors import CatalogError as CatalogError
    from catalog.errors import Fault as Fault
    from catalog.listing import index as index
    from catalog.overrides import parse_overrides as parse_overrides
    from catalog.resolution import resolve_model as resolve_model
    from catalog.resolution import spec_hash as spec_hash
    from catalog.schema import fill as fill

_HOMES = {
    "Catalog": "catalog.entries",
    "CatalogError": "catalog.errors",
    "Fault": "catalog.errors",
    "check": "catalog.access",
    "diff": "catalog.comparing",
    "fill": "catalog.schema",
    "index": "catalog.listing",
    "json_schema": "catalog.editor_schema",
    "parse_overrides": "catalog.overrides",
    "resolve": "catalog.access",
    "resolve_model": "catalog.resolution",
    "show": "catalog.cards",
    "spec_hash": "catalog.resolution",
}
__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'catalog' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
