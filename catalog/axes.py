"""The axes of variation: every sort of part, its kinds, and the entries that use them."""

from collections.abc import Iterable, Mapping
from typing import Any

from catalog.errors import did_you_mean, refusal
from catalog.listing import Row
from catalog.records import Records
from catalog.traits import TRAITS


def axes(rows: Iterable[Row], records: Records) -> list[dict[str, Any]]:
    """Each axis as {"axis", "kinds": [{"kind", "doc", "paper", "options", "entries"}]}; the last one is the traits."""
    rows = [row for row in rows if "faults" not in row]
    found = [
        {"axis": sort, "kinds": [_kind(sort, kind, record, rows) for kind, record in sorted(kinds.items())]}
        for sort, kinds in sorted(records.items())
    ]
    traits = [
        {"kind": name, "doc": doc, "paper": None, "options": [], "entries": _having(rows, name)}
        for name, (doc, _) in TRAITS.items()
    ]
    return [*found, {"axis": "traits", "kinds": traits}]


def axis(name: str, rows: Iterable[Row], records: Records) -> dict[str, Any]:
    """One axis.

    Raises:
        CatalogError: there is no such axis.
    """
    found = {each["axis"]: each for each in axes(rows, records)}
    if name not in found:
        whose = [f"{sort} {name}" for sort, each in found.items() if name in (kind["kind"] for kind in each["kinds"])]
        near = whose[0] if whose else did_you_mean(name, found)
        raise refusal(None, "axes", "unknown axis", value=name, allowed=", ".join(found), suggestion=near)
    return found[name]


def kind(name: str, of_kind: str, rows: Iterable[Row], records: Records) -> dict[str, Any]:
    """One kind of an axis, with the axis' name.

    Raises:
        CatalogError: there is no such axis, or no such kind of it.
    """
    kinds = {each["kind"]: each for each in axis(name, rows, records)["kinds"]}
    if of_kind not in kinds:
        near = did_you_mean(of_kind, kinds)
        raise refusal(None, f"axes {name}", "unknown kind", value=of_kind, allowed=", ".join(kinds), suggestion=near)
    return {"axis": name, **kinds[of_kind]}


def _kind(sort: str, kind: str, record: Any, rows: list[Row]) -> dict[str, Any]:
    users = [row["id"] for row in rows if kind in row.get("kinds", {}).get(sort, ())]
    told = {"kind": kind, "doc": record.doc, "paper": record.paper}
    return {**told, "options": list(record.options), "entries": users}


def _having(rows: Iterable[Mapping[str, Any]], trait: str) -> list[str]:
    return [row["id"] for row in rows if trait in row.get("traits", ())]
