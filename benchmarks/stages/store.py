"""The file of a stage: what was made where, and the record of every case."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.measure.machine import load, now
from harness.ledger.files import write_text

FORMAT = 1
DONE, FAILED, UNFINISHED = "done", "failed", "unfinished"


class Store:
    """`<stage>.json` in a folder. Cases of another machine, version or code are set aside, never mixed."""

    def __init__(self, folder: Path, stage: str, made: Mapping[str, Any]) -> None:
        self.path = folder / f"{stage}.json"
        self.content: dict[str, Any] = {"format": FORMAT, "stage": stage, "made": dict(made), "cases": {}}
        self.content["begun"] = now()
        found = self._found()
        if found is not None and found["made"] == self.content["made"]:
            self.content = found
        elif found is not None:
            self.path.rename(self._aside(found))

    @property
    def cases(self) -> dict[str, Any]:
        """Every case's record, with its `state`."""
        cases: dict[str, Any] = self.content["cases"]
        return cases

    def done(self) -> dict[str, Any]:
        """The records of the cases that are done."""
        return {name: record for name, record in self.cases.items() if record["state"] == DONE}

    def put(self, name: str, state: str, seconds: float, record: Mapping[str, Any]) -> None:
        """Writes a case's record into the file."""
        kept = {"state": state, "date": now(), "wall_seconds": round(seconds, 3), "load": load(), **record}
        self.cases[name] = finite(kept)
        write_text(self.path, json.dumps(self.content, indent=1, allow_nan=False) + "\n")

    def _found(self) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = json.loads(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise ValueError(
                f"{self.path} is not valid JSON ({error}); move it away and run the same command again"
            ) from error
        return found

    def _aside(self, found: Mapping[str, Any]) -> Path:
        stamp = str(found["begun"]).replace(":", "").replace("+0000", "Z")
        return self.path.with_name(f"{self.path.stem}-{stamp}.json")


def finite(value: Any) -> Any:
    """The value with every number that JSON has no word for as text."""
    if isinstance(value, Mapping):
        return {str(key): finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
