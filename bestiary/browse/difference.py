"""`bestiary diff`: what differs between two entries, and only that."""

from collections.abc import Iterator, Mapping
from typing import Any

from bestiary.arguments import Arguments, Usage
from bestiary.browse.speech import CATALOG, leaf, say, say_json
from bestiary.failures import OK
from bestiary.table import side_by_side

USAGE = Usage(
    "diff",
    positional=("A", "B"),
    options=(CATALOG,),
    completes={"": "entries"},
    help="Show what differs between two entries: facts, parts, parameters of each module, figures.\n\n"
    "  A, B              entries; ID@SIZE names one at a size\n"
    "  --catalog DIR     add the entries of a folder of your own (or set BESTIARY_CATALOG)\n"
    "  --json            for programs",
)
FIGURES = {
    "flops_per_token": "FLOPs for each token, each at its own context",
    "cache_bytes_per_token": "bytes of cache for each token, in bfloat16",
}


def run(given: Arguments) -> int:
    """Print what differs between two entries."""
    from catalog.comparing import diff

    found = diff(*given.positional, user=given.last(CATALOG))
    if "--json" in given.flags:
        say_json(found)
    else:
        say(lines(found))
    return OK


def lines(found: Mapping[str, Any]) -> Iterator[str]:
    """Each group of differences as a table of both sides."""
    groups = {name: pairs for name, pairs in _groups(found).items() if pairs}
    if not groups:
        yield f"{found['a']} and {found['b']} do not differ"
    for i, (name, pairs) in enumerate(groups.items()):
        yield from [""] if i else []
        rows = [[label, leaf(pair["a"]), leaf(pair["b"])] for label, pair in pairs.items()]
        yield from side_by_side((name, found["a"], found["b"]), rows)


def _groups(found: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    total = {"all": found["parameters"]} if found["parameters"] else {}
    return {
        "facts": found["facts"],
        "model": found["model"],
        "parameters": {**total, **found["by_module"]},
        "figures": {FIGURES[name]: pair for name, pair in found["figures"].items()},
    }
