"""Questions over all runs of a ledger, answered from a cache that is renewed only where a run changed."""

from __future__ import annotations

import os
from bisect import insort
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness.ledger.canonical import Json, canonical
from harness.ledger.errors import BadLedger, LedgerError
from harness.ledger.files import read_json, write_text
from harness.ledger.states import State
from harness.ledger.store import Ledger

CACHE = "index.json"
CACHE_FORMAT = 2
UNUSED: Json = {"sweeps": [], "variants": []}


@dataclass(frozen=True)
class Row:
    """One run as `runs ls` shows it; `sweeps` and `variants` name every use of it."""

    id: str
    sweeps: list[str]
    variants: list[str]
    task: str
    purpose: str
    seed: int
    salt: str
    learning_rate: float
    state: str
    step: int
    loss: float | None
    test_loss: float | None
    when: str


def query(ledger: Ledger, **wanted: Any) -> list[Row]:
    """The runs that match every given field, newest first; `sweep` and `variant` match any use of a run.

    Raises:
        ValueError: a field that rows do not have.
    """
    allowed = {"sweep", "variant", *(field.name for field in fields(Row))} - {"sweeps", "variants"}
    if unknown := set(wanted) - allowed:
        raise ValueError(f"query: unknown field {sorted(unknown)[0]!r}; allowed: {', '.join(sorted(allowed))}")
    return chosen(_rows(ledger), **wanted)


def chosen(rows: Iterable[Row], **wanted: Any) -> list[Row]:
    """Of `rows`, those that match as in `query`, newest first."""
    for name, value in wanted.items():
        if value is not None:
            rows = [row for row in rows if _matches(row, name, value)]
    return sorted(rows, key=lambda row: (row.when, row.id), reverse=True)


def _matches(row: Row, name: str, value: Any) -> bool:
    if name in ("sweep", "variant"):
        return value in getattr(row, name + "s")
    return bool(getattr(row, name) == value)


def _rows(ledger: Ledger) -> list[Row]:
    path = ledger.root / CACHE
    cache, store = _read_cache(path), str(ledger.root / "store")
    fresh: dict[str, Json] = {}
    for identity in ledger.ids():
        stamp, old = _stamp(f"{store}/{identity}/state.json"), cache.get(identity)
        fresh[identity] = old if old and old["stamp"] == stamp else {"stamp": stamp, "row": _describe(ledger, identity)}
    if fresh != cache:
        _write_cache(path, fresh)
    uses = _uses(ledger)
    rows = [Row(**entry["row"], **uses.get(identity, UNUSED)) for identity, entry in fresh.items() if entry["row"]]
    return [replace(row, state=_state(ledger, row)) if row.state == State.RUNNING else row for row in rows]


def _state(ledger: Ledger, row: Row) -> str:
    """The state of a run that noted to be running, which its process may have outlived."""
    return str(ledger.run(row.id).status().state)


def _describe(ledger: Ledger, identity: str) -> Json | None:
    """What is known of a run but for its uses; None where its spec cannot be read."""
    run = ledger.run(identity)
    try:
        spec = run.spec()
    except BadLedger:
        return None
    status, result = run.noted(), run.result() or {}
    stamp = (run.folder / "state.json") if status.state is not State.NEVER else run.folder / "spec.json"
    return {
        "id": identity,
        "task": str(spec.get("task", {}).get("kind", "")),
        "purpose": str(spec.get("purpose", "")),
        "seed": int(spec.get("seed", 0)),
        "salt": str(spec.get("salt", "")),
        "learning_rate": float(spec.get("train", {}).get("learning_rate", 0.0)),
        "state": str(status.state),
        "step": status.step,
        "loss": (result.get("val") or {}).get("loss"),
        "test_loss": (result.get("test") or {}).get("loss"),
        "when": datetime.fromtimestamp(stamp.stat().st_mtime, UTC).isoformat(timespec="seconds"),
    }


def _uses(ledger: Ledger) -> dict[str, Json]:
    """The sweeps and variants of each run that a sweep names, sorted."""
    uses: dict[str, Json] = {}
    for name in ledger.sweeps():
        try:
            named = [(run["id"], run["variant"]) for run in read_json(ledger.sweep_folder(name) / "runs.json")]
        except (FileNotFoundError, LedgerError, KeyError, TypeError):
            continue
        for identity, variant in named:
            use = uses.setdefault(identity, {"sweeps": [], "variants": []})
            if name not in use["sweeps"]:
                use["sweeps"].append(name)
            if variant not in use["variants"]:
                insort(use["variants"], variant)
    return uses


def _stamp(path: str) -> str:
    """Changes with every state that is written; a plain text, since a ledger has tens of thousands of runs."""
    try:
        found = os.stat(path)  # noqa: PTH116 - three times as quick as a Path for each
    except OSError:
        return ""
    # a clock ticks less often than a run may end: each state is a file of its own
    return f"{found.st_mtime_ns} {found.st_ino}"


def _read_cache(path: Path) -> dict[str, Json]:
    try:
        cache = read_json(path)
        return dict(cache["runs"]) if cache["format"] == CACHE_FORMAT else {}
    except (OSError, LedgerError, KeyError, TypeError):
        return {}


def _write_cache(path: Path, runs: dict[str, Json]) -> None:
    try:
        write_text(path, canonical({"format": CACHE_FORMAT, "runs": runs}), durable=False)
    except (OSError, LedgerError):
        return  # a ledger that cannot be written can still be asked
