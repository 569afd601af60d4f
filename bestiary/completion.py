"""What the shell completes: names read from file names, so that a press of the tab key loads no library."""

import re
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PRESETS = ("smoke", "demo", "full")


def entries(incomplete: str) -> list[str]:
    """Catalog entries, those of BESTIARY_CATALOG too."""
    from catalog.errors import CatalogError
    from catalog.folders import find_sources

    try:
        return _starting(incomplete, find_sources())
    except CatalogError:  # a folder that is not there is told by the command itself
        return []


def tasks(incomplete: str) -> list[str]:
    """Kinds of task, as their files register them."""
    sources = (path.read_text(encoding="utf-8") for path in (ROOT / "harness" / "tasks").rglob("*.py"))
    return _starting(incomplete, (kind for text in sources for kind in re.findall(r'@TASK\.register\("(\w+)"', text)))


def sweeps(incomplete: str) -> list[str]:
    """Shipped sweep files; a file of the user's own is completed by the shell."""
    return _starting(incomplete, (path.stem for path in (ROOT / "harness" / "sweeps").glob("*.yaml")))


def presets(incomplete: str) -> list[str]:
    return _starting(incomplete, PRESETS)


def runs(incomplete: str) -> list[str]:
    """Ids of the runs in the default ledger."""
    return _starting(incomplete, (path.name for path in Path("runs/store").glob("[!.]*")))


def models(incomplete: str) -> list[str]:
    """Runs and entries."""
    return [*runs(incomplete), *entries(incomplete)]


def _starting(incomplete: str, names: Iterable[str]) -> list[str]:
    return sorted({name for name in names if name.startswith(incomplete)})
