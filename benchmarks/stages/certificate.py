"""The certificate of every entry on the device: what holds on a CPU must hold there."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, ClassVar

from benchmarks.stages.entries import broken, models
from benchmarks.stages.stage import Bench, Case, Record, Stage
from catalog.entries import Catalog
from catalog.resolution import spec_hash
from variants.certificate import check_entries
from variants.shrink import shrink

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TOY = ("gpt-2",)


class Failed(Exception):
    """An entry does not pass; `record` holds its faults."""

    def __init__(self, record: Record) -> None:
        self.record = record
        super().__init__("; ".join(f"{name}: {fault}" for name, fault in _faults(record)))


class Certificate(Stage):
    """One case for each distinct structure, named by the first entry that has it."""

    name: ClassVar[str] = "certificate"

    def cases(self, bench: Bench) -> Iterator[Case]:
        groups: dict[tuple[str, str], list[str]] = defaultdict(list)
        for entry, spec in models(TOY if bench.toy else None):
            if isinstance(spec, Exception):
                yield broken(entry, spec)
            else:
                groups[spec_hash(shrink(spec)), _declared(entry)].append(entry)
        for entries in groups.values():
            yield entries[0], lambda entries=entries: _check(entries, bench)  # type: ignore[misc]

    def told(self, record: Record) -> str:
        entries = ", ".join(check["id"] for check in record["entries"])
        return f"{entries}: passed in {record['entries'][0]['seconds']:.1f} s"

    def draw(self, records: Mapping[str, Record]) -> Figure:
        from benchmarks.stages.figures import bars

        seconds = {name: record["entries"][0]["seconds"] for name, record in records.items()}
        return bars({"": seconds}, "seconds of the certificate")


def _declared(entry: str) -> str:
    """The checks that the entry is excused from, with its reasons."""
    return json.dumps(Catalog().raw(entry).get("declares") or {}, sort_keys=True, default=str)


def _check(entries: list[str], bench: Bench) -> Record:
    record = {"entries": [check.to_json() for check in check_entries(entries, device=str(bench.device))]}
    if not all(check["ok"] for check in record["entries"]):
        raise Failed(record)
    return record


def _faults(record: Record) -> Iterator[tuple[str, str]]:
    for check in record["entries"]:
        for name, faults in check["faults"].items():
            yield from ((f"{check['id']} {name}", fault) for fault in faults)
