"""`bestiary tree`: who descends from whom."""

from collections.abc import Iterator, Mapping
from typing import Any

from bestiary.arguments import Arguments, Usage
from bestiary.browse.speech import CATALOG, say, say_json
from bestiary.failures import OK
from bestiary.table import cut

USAGE = Usage(
    "tree",
    positional=("[ROOT]",),
    options=(CATALOG,),
    completes={"": "entries"},
    help="Show the descent of entries as a tree.\n\n"
    "  ROOT              one entry: those it comes from, and all that descend from it\n"
    "  --catalog DIR     add the entries of a folder of your own (or set BESTIARY_CATALOG)\n"
    "  --json            for programs",
)
Node = Mapping[str, Any]


def run(given: Arguments) -> int:
    """Print the tree below an entry, or the whole one."""
    from catalog.descent import ancestors, descendants, tree

    root, user = next(iter(given.positional), None), given.last(CATALOG)
    nodes = tree(root, user=user)
    above = ancestors(root, user=user) if root else []
    if "--json" in given.flags:
        below = [node["id"] for top in nodes for node in descendants(top)]
        say_json({"root": root, "ancestors": above, "descendants": below, "tree": nodes})
        return OK
    if above:
        say([f"from {' → '.join(reversed(above))}"])
    say(line for node in nodes for line in _lines(node, "", ""))
    return OK


def _lines(node: Node, lead: str, below: str) -> Iterator[str]:
    yield cut(f"{lead}{node['id']}  {str(node['date'])[:4]}  {node['change']}")
    last = len(node["children"]) - 1
    for i, child in enumerate(node["children"]):
        branch, space = ("└─ ", "   ") if i == last else ("├─ ", "│  ")
        yield from _lines(child, below + branch, below + space)
