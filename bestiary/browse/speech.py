"""How the quick commands speak: lines in the letters of the terminal, or JSON."""

import json
import sys
from collections.abc import Iterable
from typing import Any

from bestiary.table import printable

CATALOG = "--catalog"


def say(lines: Iterable[str]) -> None:
    """Lines of the answer."""
    sys.stdout.write("".join(printable(line) + "\n" for line in lines))
    sys.stdout.flush()


def say_json(value: Any) -> None:
    """The answer as JSON; letters that the terminal lacks are escaped."""
    say([json.dumps(value, indent=2, ensure_ascii=not (sys.stdout.encoding or "").lower().startswith("utf"))])


def leaf(value: Any) -> str:
    """One value as people read it."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ", ".join(map(leaf, value)) or "-"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1e5 else f"{value:,.6g}"
    return f"{value:,}" if isinstance(value, int) else str(value)
