"""The gate before any training: what the certificate finds in a model, remembered for its structure and code."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from catalog.cache import load, store
from catalog.own_parts import keep_records
from harness.ledger.canonical import Json, digest
from harness.ledger.code import code_hash

# first losses and compilation say nothing about whether a comparison is fair
GATES = ("visibility", "formula", "rows", "training", "padding", "cache", "gradients", "options")


def faults_of(spec: Json, declared: Mapping[str, str]) -> list[str]:
    """What the certificate finds in a resolved spec, one sentence each; checks that the entry declares are left out."""
    from catalog import spec_hash
    from variants import shrink

    checks = [name for name in GATES if name not in declared]
    structure = spec_hash(shrink(spec))
    key = digest([checks, code_hash({"model": spec})])
    known: Any = load(f"certificate-{structure}", key)
    if known is None:
        known = _certify(spec, checks)
        store(f"certificate-{structure}", key, known)
    return [str(fault) for fault in known]


def _certify(spec: Json, checks: list[str]) -> list[str]:
    from variants.certificate import certify

    return _told(certify(spec, checks=checks).faults)


def _told(found: Mapping[str, list[str]]) -> list[str]:
    # the blocks of a model often share a fault
    return list(dict.fromkeys(f"{check}: {fault}" for check, faults in found.items() for fault in faults))


def faults_of_part(path: Path) -> list[str]:
    """What the certificate finds in the parts that a user's file registers; remembered for its content and the code.

    A file without a fault is known to the catalog from here on.

    Raises:
        ValueError: the file is no Python or fails, or registers nothing that can be checked.
    """
    from variants.certificate import check_part

    key = _part_key(path)
    if load(f"part-{key[:32]}-passed", key) is None:
        checked = list(check_part(path))
        faults = [f"{each.sort} {each.kind}, {each.place}: {fault}" for each in checked for fault in _told(each.faults)]
        if faults:
            return faults
    pass_part(path)
    return []


def pass_part(path: Path) -> None:
    """Note that a user's file passed its certificate, and let the catalog know its kinds."""
    from variants.certificate import records_of

    key = _part_key(path)
    store(f"part-{key[:32]}-passed", key, True)
    keep_records(path, records_of(path))


def _part_key(path: Path) -> str:
    if not path.is_file():
        raise ValueError(f"{path} is missing; give a Python file that registers a kind")
    return digest([path.read_text(encoding="utf-8", errors="replace"), code_hash({})])
