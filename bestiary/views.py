"""How the quick commands show what they found: a list of entries, one entry, the difference of two."""

from collections.abc import Iterator, Mapping
from typing import Any

from bestiary.table import bold, short_count, table

_FACTS = ("date", "lab", "licence", "corpus", "objective", "notes", "code")


def rows(found: list[dict[str, Any]]) -> list[str]:
    """A line for each entry that could be read."""
    head = ("id", "date", "stack", "params", "extends", "change")
    return table(head, [_cells(row) for row in found if "faults" not in row], right=("params",))


def card(entry: Mapping[str, Any]) -> Iterator[str]:
    """An entry's facts, family and sizes, and the drawing of its blocks."""
    yield bold(f"{entry['name']}  ({entry['id']})")
    yield str(entry["change"])
    yield ""
    for name, text in _card_fields(entry):
        if text is not None:
            yield f"  {name:<13}{text}"
    if entry["drawing"] is not None:
        yield from ["", entry["drawing"]]


def difference(found: Mapping[str, Any]) -> Iterator[str]:
    """What differs between two entries, side by side."""
    model = dict(found["model"])
    if found["parameters"]:
        model["parameters"] = found["parameters"]
    if not model and not found["facts"]:
        yield f"{found['a']} and {found['b']} do not differ"
    for name, pair in found["facts"].items():
        yield bold(name)
        yield f"  {found['a']}: {_leaf(pair['a'])}"
        yield f"  {found['b']}: {_leaf(pair['b'])}"
    if model:
        yield from [""] if found["facts"] else []
        lines = [[name, _leaf(pair["a"]), _leaf(pair["b"])] for name, pair in model.items()]
        yield from table(("model", found["a"], found["b"]), lines)


def _cells(row: Mapping[str, Any]) -> list[str]:
    count = short_count(row["parameters"] or row["published"])
    texts = [row["id"], row["date"], row["stack"], count, row["extends"], row["change"]]
    return [str(text) if text is not None else "-" for text in texts]


def _card_fields(entry: Mapping[str, Any]) -> Iterator[tuple[str, str | None]]:
    doubted = entry.get("unverified") or []
    for name in _FACTS:
        value = entry.get(name)
        yield name, None if value is None else f"{value}{'  (not verified)' if name in doubted else ''}"
    paper = entry["paper"]
    others = " et al." if len(paper["authors"]) > 1 else ""
    yield "paper", f"{paper['title']} ({paper['authors'][0]}{others}, {paper['year']})"
    yield "", paper["url"]
    yield "family", " → ".join(reversed(entry["lineage"])) if len(entry["lineage"]) > 1 else None
    if entry["spec"] is None:
        yield "not built", entry["not_built"]
        yield "sizes", ", ".join(f"{name} ({count})" for name, count in (entry.get("announced") or {}).items()) or None
        yield "see", ", ".join(entry["near"]) or None
    else:
        yield "size", f"{entry['size'] or 'as published'}{_sizes(entry)}"
        yield "params", _parameters(entry)
    for name in ("flops_per_token", "certificate"):
        yield name.split("_")[0], _measured(entry["built"], name)
    yield "file", entry["file"]


def _sizes(entry: Mapping[str, Any]) -> str:
    sizes = [name if total is None else f"{name} ({short_count(total)})" for name, total in entry["sizes"].items()]
    return f"; there are {', '.join(sizes)}" if sizes else ""


def _measured(built: Mapping[str, Any] | None, name: str) -> str | None:
    value = (built or {}).get(name)
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_leaf(each)}" for key, each in value.items())
    return None if value is None else _leaf(value)


def _parameters(entry: Mapping[str, Any]) -> str:
    if entry["built"] is None:
        count = entry["sizes"].get(entry["size"])
        return "not built yet" if count is None else f"{count:,} as published, not built yet"
    counts = entry["built"]["parameters"]
    known = [name for name in ("embedding", "non_embedding") if name in counts]
    inner = ", ".join(f"{name.replace('_', ' ')} {counts[name]:,}" for name in known)
    return f"{counts['total']:,}" + (f" ({inner})" if inner else "")


def _leaf(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:,}" if isinstance(value, int) else str(value)
