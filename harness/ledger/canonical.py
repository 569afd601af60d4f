"""Canonical JSON: one text for one value, the ground that run ids and plan hashes stand on."""

from __future__ import annotations

import hashlib
import json
import math
from typing import Any

Json = dict[str, Any]


def canonical(value: Any) -> str:
    """The one compact text of `value`: sorted keys, no spaces, ASCII.

    Raises:
        ValueError: the value holds a number that is not finite.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest(value: Any) -> str:
    """sha256 of the canonical text, 64 hexadecimal digits."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def run_id(spec: Json) -> str:
    """The id of the run that `spec` describes: 16 hexadecimal digits."""
    return digest(identity(spec))[:16]


def identity(spec: Json) -> Json:
    """What a run is: its spec without the places where its data lie, and those of what it is pretrained on.

    The digest of what they hold is part of the spec, so that a file that was moved makes the same run.
    """
    named = spec if spec.get("data") is None else {**spec, "task": _without_data(spec.get("task"))}
    start = spec.get("init_from")
    return named if start is None else {**named, "init_from": identity(start)}


def _without_data(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_data(item) for key, item in value.items() if key != "data"}
    return [_without_data(item) for item in value] if isinstance(value, list) else value


def finite(value: Any) -> Any:
    """A copy of `value` with null where a number is not finite, since JSON has no word for it."""
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def readable(value: Any) -> str:
    """The text that record files hold: sorted keys, one key a line, a newline at the end."""
    return json.dumps(finite(value), sort_keys=True, indent=1, allow_nan=False) + "\n"
