"""What a whole model must keep: no dimension that does nothing, and no memory that nobody fills."""

from collections.abc import Mapping
from typing import Any

from catalog.errors import Faults, did_you_mean
from catalog.located import mark_of
from catalog.records import Records
from catalog.scope import ALWAYS, Scope
from catalog.walk import branches


def check_dimensions(scope: Scope, path: str, records: Records, faults: Faults) -> None:
    """Refuse dimensions that no part took; a model with a part of unknown kind is not judged."""
    if faults.incomplete:
        return
    names = {name for kinds in records.values() for record in kinds.values() for name in record.options} | set(ALWAYS)
    for name in scope.inert():
        if name in ALWAYS and not path and name != "n_layers":
            continue
        near = scope.passed_over.get(name) or (None if name in names else did_you_mean(name, names))
        message = "no part takes this dimension, it would do nothing"
        if name in scope.passed_over:
            message = "every part that has this option sets its own value, so the dimension would do nothing"
        faults.add(mark_of(scope.dims, name), f"{path}{name}", message, value=scope.dims[name], suggestion=near)


def check_norms(spec: Mapping[str, Any], model: Mapping[str, Any], records: Records, faults: Faults) -> None:
    """Refuse a residual scheme that reads the stack's norm (it has the hook `norm`) where there is none."""
    for name in ("encoder", "decoder"):
        for block in (spec.get(name) or {"blocks": {}})["blocks"].values():
            residual = block["residual"]
            if residual and not block["norm"] and "norm" in records["residual"][residual["kind"]].hooks:
                kinds = ", ".join(sorted(records["norm"]))
                message = f"residual {residual['kind']} normalises, so the stack must name its norm"
                faults.add(mark_of(model[name]), f"{name}.norm", message, allowed=kinds)


def check_memory(spec: Mapping[str, Any], model: Mapping[str, Any], faults: Faults) -> None:
    """Refuse cross-attention where there is no encoder whose output it could read."""
    for name in ("encoder", "decoder"):
        if not spec.get(name) or (name == "decoder" and model.get("encoder")):
            continue
        for path, part in branches(name, spec[name]):
            if part["sort"] == "cross_attention":
                message = "reads an encoder's output, which only a decoder beside an encoder has"
                faults.add(mark_of(model, name), path, message)
