"""What the certificate said of an entry on this machine, kept in the cache until the code or the model changes."""

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

from catalog import cache

CODE = Path(__file__).parent.parent / "variants"


def remember(entry: str, structure: str, faults: list[str]) -> None:
    """Keep the verdict on an entry: what was found, nothing where it passed."""
    cache.store(_name(entry), _key(structure), faults)


def recall(entry: str, structure: str) -> list[str] | None:
    """The faults that the last check found; None where this model was not checked with this code."""
    found: Any = cache.load(_name(entry), _key(structure))
    return [str(fault) for fault in found] if isinstance(found, list) else None


def _name(entry: str) -> str:
    return "certified-" + hashlib.sha256(entry.encode()).hexdigest()[:16]


def _key(structure: str) -> str:
    return structure + _code()


@lru_cache(maxsize=1)
def _code() -> str:
    """The stamp of what the certificate rests on, read once: this process runs the code that it began with."""
    return cache.stamp([*sorted(CODE.rglob("*.py")), *cache.own_files()])
