"""`bestiary show`: one entry, its facts, figures and blocks."""

from collections.abc import Iterator, Mapping
from typing import Any

from bestiary.arguments import Arguments, Usage
from bestiary.browse.speech import CATALOG, leaf, say, say_json
from bestiary.failures import OK
from bestiary.table import bold, paragraph, short_count, table

USAGE = Usage(
    "show",
    positional=("ID",),
    options=("--size", "--context", CATALOG),
    flags=("--parts", "--json"),
    completes={"": "entries"},
    help="Show one entry: facts, figures, blocks.\n\n"
    "  ID                an entry, or ID@SIZE\n"
    "  --size S          one of its sizes\n"
    "  --context N       FLOPs for each token of a text of N tokens; without it, of the entry's own context\n"
    "  --parts           every option of every part too\n"
    "  --catalog DIR     add the entries of a folder of your own (or set BESTIARY_CATALOG)\n"
    "  --json            for programs",
)
LABEL = 13
FACTS = ("date", "lab", "licence", "corpus", "objective", "application", "notes", "code")
Entry = Mapping[str, Any]


def run(given: Arguments) -> int:
    """Print one entry."""
    from catalog.cards import show, tokens_of

    context = tokens_of(given.last("--context"))
    card = show(given.positional[0], given.last("--size"), context=context, user=given.last(CATALOG))
    if "--json" in given.flags:
        say_json(card)
    else:
        say(lines(card, parts="--parts" in given.flags))
    return OK


def lines(entry: Entry, *, parts: bool = False) -> Iterator[str]:
    """An entry's facts, family, figures, and the drawing of its blocks."""
    yield bold(f"{entry['name']}  ({entry['id']}{'@' + entry['size'] if entry['size'] else ''})")
    yield from paragraph(str(entry["change"]))
    yield ""
    for name, text in fields(entry):
        if text is not None:
            yield from paragraph(text, f"  {name:<{LABEL}}", " " * (LABEL + 2))
    for line in ["", *(entry["drawing"] or "").splitlines()] if entry["drawing"] else []:
        yield from paragraph(line, rest="  │     " if line.startswith("  │") else " " * LABEL)
    if parts and entry["spec"] is not None:
        from catalog.comparing import flat

        yield ""
        yield from table(("part", "value"), [[path, leaf(value)] for path, value in flat(entry["spec"]).items()])


def fields(entry: Entry) -> Iterator[tuple[str, str | None]]:
    """Each line of the card by its label; None where there is nothing to tell."""
    doubted = entry.get("unverified") or []
    for name in FACTS:
        value = entry.get(name)
        yield name, None if value is None else f"{value}{'  (not verified)' if name in doubted else ''}"
    paper = entry["paper"]
    others = " et al." if len(paper["authors"]) > 1 else ""
    yield "paper", f"{paper['title']} ({paper['authors'][0]}{others}, {paper['year']})"
    yield "", paper["url"]
    yield "descent", " → ".join(reversed(entry["lineage"])) if len(entry["lineage"]) > 1 else None
    unmarked = [name for name in doubted if name not in FACTS or entry.get(name) is None]
    yield "not verified", ", ".join(unmarked) or None
    yield "traits", ", ".join(entry["traits"]) or None
    yield from _not_built(entry) if entry["spec"] is None else _figures(entry)
    yield "file", entry["file"]


def _not_built(entry: Entry) -> Iterator[tuple[str, str | None]]:
    yield "not built", entry["not_built"]
    yield "sizes", ", ".join(f"{name} ({count})" for name, count in (entry.get("announced") or {}).items()) or None
    yield "see", ", ".join(entry["near"]) or None


def _figures(entry: Entry) -> Iterator[tuple[str, str | None]]:
    yield "size", entry["size"] or ("as published" if len(entry["sizes"]) != 1 else next(iter(entry["sizes"])))
    yield "sizes", _sizes(entry) if len(entry["sizes"]) > 1 else None
    yield "parameters", _parameters(entry)
    if entry["built"] is None:
        return
    for name, count in entry["built"]["parameters"]["by_module"].items():
        yield "", f"{name:<24}{count:>17,}"
    cost, context = entry["flops_per_token"], f"forward, in a text of {entry['context']:,} tokens"
    yield "FLOPs", None if cost is None else f"{cost:,.0f} for each token ({context})"
    yield "cache", _cache(entry["cache_bytes"])
    yield "certificate", _certificate(entry)


def _sizes(entry: Entry) -> str:
    sizes = entry["sizes"].items()
    return ", ".join(name if total is None else f"{name} ({short_count(total)})" for name, total in sizes)


def _parameters(entry: Entry) -> str:
    if entry["built"] is None:
        count = entry["sizes"].get(entry["size"])
        return "not built yet" if count is None else f"{count:,} as published, not built yet"
    counts = entry["built"]["parameters"]
    known = [name for name in ("embedding", "non_embedding") if name in counts]
    inner = ", ".join(f"{name.replace('_', ' ')} {counts[name]:,}" for name in known)
    return f"{counts['total']:,}" + (f" ({inner})" if inner else "")


def _cache(kept: Mapping[str, Mapping[str, int]] | None) -> str | None:
    if kept is None:
        return None
    told = [f"{_bytes(kept['per_token'])} for each token"] if kept["per_token"]["float32"] else []
    told += [f"{_bytes(kept['fixed'])} at most for windows and states"] if kept["fixed"]["float32"] else []
    return "; ".join(told) or "nothing"


def _bytes(kept: Mapping[str, int]) -> str:
    return f"{kept['bfloat16']:,} bytes in bfloat16 ({kept['float32']:,} in float32)"


def _certificate(entry: Entry) -> str:
    faults = entry["certificate"]
    if faults is None:
        return f"not checked here with this code; `bestiary check {entry['id']}`"
    return f"{len(faults)} faults: {faults[0]}" if faults else "passed"
