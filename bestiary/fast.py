"""The quick commands by name: which there are, and how one is run without loading anything that it does not need."""

from collections.abc import Sequence
from importlib import import_module

from bestiary.arguments import Usage, read
from bestiary.browse.speech import say
from bestiary.failures import OK
from bestiary.table import paragraph

COMMANDS = {
    "list": "entries",
    "show": "card",
    "diff": "difference",
    "tree": "tree",
    "axes": "axes",
    "matrix": "matrix",
}


def usage(command: str) -> Usage:
    """What a quick command takes."""
    found: Usage = import_module(f"bestiary.browse.{COMMANDS[command]}").USAGE
    return found


def run(command: str, argv: Sequence[str]) -> int:
    """Run a quick command and return its exit code.

    Raises:
        ValueError: the arguments are wrong.
        CatalogError: an entry is unknown or wrong.
    """
    takes = usage(command)
    if "-h" in argv or "--help" in argv:
        told = [paragraph(line, rest=" " * 20) for line in takes.help.splitlines()]
        say([*paragraph(f"usage: {takes.line}", rest=" " * 8), "", *(line for lines in told for line in lines)])
        return OK
    code: int = import_module(f"bestiary.browse.{COMMANDS[command]}").run(read(takes, argv))
    return code
