"""Questions over all runs of a ledger, answered from a cache that is renewed only where a run changed."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness.ledger.canonical import Json
from harness.ledger.errors import BadLedger, LedgerError
from harness.ledger.files import read_json, write_json
from harness.ledger.run import Run
from harness.ledger.states import State
from harness.ledger.store import Ledger

CACHE = "index.json"
CACHE_FORMAT = 1


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
    rows = [row for row in _rows(ledger) if all(_matches(row, name, value) for name, value in wanted.items())]
    return sorted(rows, key=lambda row: (row.when, row.id), reverse=True)


def _matches(row: Row, name: str, value: Any) -> bool:
    if value is None:
        return True
    if name in ("sweep", "variant"):
        return value in getattr(row, name + "s")
    return bool(getattr(row, name) == value)


def _rows(ledger: Ledger) -> list[Row]:
    cache = _read_cache(ledger.root / CACHE)
    fresh: dict[str, Json] = {}
    for identity in ledger.ids():
        run = ledger.run(identity)
        stamp = _stamp(run)
        old = cache.get(identity)
        entry = old if old is not None and old["stamp"] == stamp else {"stamp": stamp, "row": _describe(run)}
        if entry["row"] is not None:
            fresh[identity] = entry
    if fresh != cache:
        _write_cache(ledger.root / CACHE, fresh)
    uses = _uses(ledger)
    return [_row(ledger, identity, entry["row"], uses.get(identity, [])) for identity, entry in fresh.items()]


def _row(ledger: Ledger, identity: str, known: Json, uses: list[tuple[str, str]]) -> Row:
    state = known["state"]
    if state == State.RUNNING:
        state = str(ledger.run(identity).status().state)
    sweeps = sorted({sweep for sweep, _ in uses})
    variants = sorted({variant for _, variant in uses})
    return Row(**{**known, "state": state, "sweeps": sweeps, "variants": variants})


def _describe(run: Run) -> Json | None:
    try:
        spec = run.spec()
    except BadLedger:
        return None
    status, result = run.noted(), run.result() or {}
    stamp = (run.folder / "state.json") if status.state is not State.NEVER else run.folder / "spec.json"
    row = Row(
        id=run.id,
        sweeps=[],
        variants=[],
        task=str(spec.get("task", {}).get("kind", "")),
        purpose=str(spec.get("purpose", "")),
        seed=int(spec.get("seed", 0)),
        salt=str(spec.get("salt", "")),
        learning_rate=float(spec.get("train", {}).get("learning_rate", 0.0)),
        state=str(status.state),
        step=status.step,
        loss=(result.get("val") or {}).get("loss"),
        test_loss=(result.get("test") or {}).get("loss"),
        when=datetime.fromtimestamp(stamp.stat().st_mtime, UTC).isoformat(timespec="seconds"),
    )
    return asdict(row)


def _uses(ledger: Ledger) -> dict[str, list[tuple[str, str]]]:
    uses: dict[str, list[tuple[str, str]]] = {}
    for name in ledger.sweeps():
        try:
            runs = read_json(ledger.sweep_folder(name) / "runs.json")
        except (FileNotFoundError, LedgerError):
            continue
        for run in runs:
            uses.setdefault(run["id"], []).append((name, run["variant"]))
    return uses


def _stamp(run: Run) -> int:
    try:
        return (run.folder / "state.json").stat().st_mtime_ns
    except OSError:
        return 0


def _read_cache(path: Path) -> dict[str, Json]:
    try:
        cache = read_json(path)
        return dict(cache["runs"]) if cache["format"] == CACHE_FORMAT else {}
    except (OSError, LedgerError, KeyError, TypeError):
        return {}


def _write_cache(path: Path, runs: dict[str, Json]) -> None:
    try:
        write_json(path, {"format": CACHE_FORMAT, "runs": runs}, durable=False)
    except (OSError, LedgerError):
        return  # a ledger that cannot be written can still be asked
