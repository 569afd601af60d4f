"""What building an entry measured: parameters, FLOPs and decoding state by the hash of the resolved spec.

That of the catalog's own entries is in `built.json`; that of a user's is in the user's cache, until this room changes.
"""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from catalog import cache

BUILT_FILE = Path(__file__).parent / "built.json"


def built(spec_hash: str) -> dict[str, Any] | None:
    """The measurements of a resolved spec; None when it was not built since it last changed."""
    found: dict[str, Any] | None = _load(BUILT_FILE).get(spec_hash) or cache.load(f"built-{spec_hash}", _stamp())
    return found


def keep(spec_hash: str, measured: dict[str, Any]) -> None:
    """Keeps the measurements of an entry that `built.json` does not hold."""
    cache.store(f"built-{spec_hash}", _stamp(), measured)


def parameters(spec_hash: str) -> int | None:
    """All parameters of a resolved spec, when it was built."""
    found = built(spec_hash) or {}
    total: int | None = found.get("parameters", {}).get("total")
    return total


@lru_cache(maxsize=1)
def _stamp() -> str:
    return cache.stamp(cache.own_files())


@lru_cache(maxsize=4)
def _load(path: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        # A missing or damaged file of measurements only means that nothing is known to be built.
        return {}
    return content
