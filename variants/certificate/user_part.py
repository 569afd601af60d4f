"""The certificate of a part that a user wrote: small models around it pass the same checks as the catalog's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from variants.builder import build_model
from variants.certificate.certify import certify
from variants.certificate.surroundings import resolved, surroundings
from variants.certificate.user_file import kinds_of
from variants.parts import Spec
from variants.registry import Kind


@dataclass(frozen=True)
class PartCheck:
    """One kind in one place; `refused` is the part's own reason for not standing there, which is no fault by itself."""

    sort: str
    kind: str
    place: str
    faults: dict[str, list[str]] = field(default_factory=dict)
    refused: str | None = None
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        return not any(self.faults.values())

    def to_json(self) -> dict[str, Any]:
        return {
            "sort": self.sort,
            "kind": self.kind,
            "place": self.place,
            "ok": self.ok,
            "refused": self.refused,
            "faults": self.faults,
            "seconds": self.seconds,
        }


def check_part(path: Path | str, device: str = "cpu") -> Iterator[PartCheck]:
    """Checks each kind that the file registers, in a small decoder and encoder, or between both; yields as it goes.

    Raises:
        ValueError: the file is no Python or fails, registers nothing or a name that is taken, or an option lacks a
            small value.
    """
    with kinds_of(Path(path)) as kinds:
        for kind in kinds:
            yield from _check_kind(kind, device)


def records_of(path: Path) -> dict[str, dict[str, Any]]:
    """The records of the kinds that a file registers, in the form of `parts.json`."""
    found: dict[str, dict[str, Any]] = {}
    with kinds_of(path) as kinds:
        for kind in kinds:
            found.setdefault(kind.sort, {})[kind.name] = kind.record().to_json()
    return found


def _check_kind(kind: Kind, device: str) -> Iterator[PartCheck]:
    refusals = []
    for place, model in surroundings(kind):
        check = _check(kind, place, model, device)
        refusals.append(check.refused)
        yield check
    if all(refusals):
        faults = {"place": [f"no small model can hold it: {refusals[0]}"]}
        yield PartCheck(kind.sort, kind.name, "anywhere", faults)


def _check(kind: Kind, place: str, model: Spec, device: str) -> PartCheck:
    try:
        spec = resolved(model)
        build_model(spec, device="meta")
    except ValueError as error:
        return PartCheck(kind.sort, kind.name, place, refused=" ".join(str(error).split()))
    try:
        certificate = certify(spec, device)
    except Exception as error:
        # a part that raises is a finding about the part, which names it; the program itself is sound
        told = " ".join(str(error).split())
        return PartCheck(kind.sort, kind.name, place, {"runs": [f"raises {type(error).__name__}: {told}"]})
    return PartCheck(kind.sort, kind.name, place, certificate.faults, seconds=certificate.seconds)
