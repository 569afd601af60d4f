"""The gate before any training: what the certificate finds in a model, remembered for its structure and code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from catalog.cache import load, store
from harness.ledger.canonical import Json, digest
from harness.ledger.code import code_hash

# first losses and compilation say nothing about whether a comparison is fair
GATES = ("visibility", "formula", "rows", "padding", "cache", "gradients", "options")


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

    found = certify(spec, checks=checks).faults
    return [f"{check}: {fault}" for check, faults in found.items() for fault in faults]
