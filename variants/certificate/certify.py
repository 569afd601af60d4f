"""All checks of one structure."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import torch

from catalog.resolution import spec_hash
from variants.certificate.cache import check_cache
from variants.certificate.compile import check_compile
from variants.certificate.formula import check_formula
from variants.certificate.gradient import check_gradients
from variants.certificate.initial import check_initial_loss
from variants.certificate.options import check_options
from variants.certificate.padding import check_padding
from variants.certificate.rows import check_rows
from variants.certificate.subject import Subject
from variants.certificate.training import check_training
from variants.certificate.visibility import check_visibility
from variants.parts import Spec
from variants.shrink import shrink

Check = Callable[[Subject], Iterator[str]]

CHECKS: dict[str, Check] = {
    "visibility": check_visibility,
    "formula": check_formula,
    "rows": check_rows,
    "training": check_training,
    "padding": check_padding,
    "cache": check_cache,
    "gradients": check_gradients,
    "options": check_options,
    "initial_loss": check_initial_loss,
    "compile": check_compile,
}


@dataclass(frozen=True)
class Certificate:
    """The outcome of every check on one structure; `faults` maps a check to what it found, empty when it is clean.

    `declared` maps a check to the reason why an entry is excused from it; an excuse without need is a fault.
    """

    structure: str
    faults: dict[str, list[str]]
    seconds: float
    declared: dict[str, str]

    @property
    def ok(self) -> bool:
        return not any(self.faults.values())

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "ok": self.ok}


def certify(
    spec: Spec, device: str = "cpu", checks: Iterable[str] = tuple(CHECKS), declared: dict[str, str] | None = None
) -> Certificate:
    """Checks the shrunk structure of a resolved spec.

    Raises:
        ValueError: a check is unknown, or the model cannot be built.
    """
    chosen = list(checks)
    unknown = [name for name in (*chosen, *(declared or ())) if name not in CHECKS]
    if unknown:
        raise ValueError(f"unknown check {unknown[0]!r}; allowed: {', '.join(CHECKS)}")
    start = time.perf_counter()
    tiny = shrink(spec)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # tiny tensors: threads would only wait for each other
    try:
        subject = Subject.of(tiny, device)
        faults = {name: list(CHECKS[name](subject)) for name in chosen}
    finally:
        torch.set_num_threads(threads)
    for name in declared or ():
        faults[name] = [] if faults.get(name) else [f"{name} is declared ({(declared or {})[name]}), but it holds"]
    return Certificate(spec_hash(tiny), faults, time.perf_counter() - start, dict(declared or {}))
