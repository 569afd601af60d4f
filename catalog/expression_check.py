"""What is no expression in a `reference:`: unknown words, two forms at once, operands that are missing."""

from collections.abc import Mapping
from typing import Any

from catalog.errors import Faults, did_you_mean
from catalog.expressions import FORMS, MODIFIERS, TABLES
from catalog.layer_lists import RULES
from catalog.located import Mark, mark_of


def check_expression(expression: Any, path: str, where: Mark | None, faults: Faults) -> None:
    """Note what is no expression."""
    if isinstance(expression, Mapping):
        _check_map(expression, path, faults)
    elif not isinstance(expression, str | int | float) or expression == "":
        allowed = "a field's name, a number, true, false or a map"
        faults.add(where, path, "is no expression", value=expression, allowed=allowed)


def _check_map(expression: Mapping[str, Any], path: str, faults: Faults) -> None:
    known = (*FORMS, *MODIFIERS)
    for name in expression:
        if name not in known:
            where, near = mark_of(expression, name), did_you_mean(name, known)
            faults.add(where, path, "unknown word", value=name, allowed=", ".join(known), suggestion=near)
            return
    forms = [name for name in FORMS if name in expression]
    if len(forms) != 1:
        allowed = f"exactly one of {', '.join(FORMS)}"
        faults.add(mark_of(expression), path, "says no or more than one form", value=forms, allowed=allowed)
        return
    _check_form(expression, forms[0], path, faults)
    for name in ("default", "unless"):
        if name in expression:
            check_expression(expression[name], f"{path}.{name}", mark_of(expression, name), faults)
    table = expression.get("table", {})
    if not isinstance(table, Mapping) and table not in TABLES:
        allowed = f"a map from the library's value to ours, or {', '.join(TABLES)}"
        faults.add(mark_of(expression, "table"), f"{path}.table", "is no table", value=table, allowed=allowed)
    if not isinstance(expression.get("cut", ""), str):
        faults.add(mark_of(expression, "cut"), f"{path}.cut", "must be a path of the model", value=expression["cut"])


def _check_form(expression: Mapping[str, Any], form: str, path: str, faults: Faults) -> None:
    where, value = mark_of(expression, form), expression[form]
    if form in ("field", "each", "runs"):
        if not isinstance(value, str) or not value:
            faults.add(where, f"{path}.{form}", "must be a field of the library's config", value=value)
    elif form in ("same", "where"):
        if not isinstance(value, list) or not value or not all(isinstance(name, str) for name in value):
            faults.add(where, f"{path}.{form}", "must be a list of fields", value=value)
        elif form == "where" and len(value) != 3:
            faults.add(where, f"{path}.where", "must be two fields and a key", value=value)
    elif not isinstance(value, list) or len(value) != _operands_of(form):
        faults.add(where, f"{path}.{form}", f"must be a list of {_operands_of(form)} expressions", value=value)
    else:
        for i, operand in enumerate(value):
            check_expression(operand, f"{path}.{form}", mark_of(value, i), faults)


def _operands_of(form: str) -> int:
    return RULES[form][0] if form in RULES else 2
