"""Fields of a library's config that say nothing about logits, whatever the class: read from `config_fields.yaml`."""

from functools import lru_cache
from pathlib import Path
from typing import Any

from catalog.yaml_loader import load_text

FILE = Path(__file__).parent / "config_fields.yaml"


@lru_cache(maxsize=1)
def inert() -> frozenset[str]:
    """The fields that say nothing."""
    return frozenset(name for row in _tables()["inert"] for name in row)


def is_neutral(name: str, value: Any) -> bool:
    """Whether a field says nothing with this value: null and empty ones never do."""
    return (
        name in inert() or value in (None, {}, []) or (name in (known := _tables()["neutral"]) and value == known[name])
    )


@lru_cache(maxsize=1)
def _tables() -> Any:
    return load_text(FILE.read_text(encoding="utf-8"), str(FILE))
