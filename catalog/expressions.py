"""What a `reference:` says about a library's config: small expressions as data, read forwards and solved backwards.

An expression is a field's name (dotted into nested maps), a number or a flag, or a map of one form: `{field: NAME}`,
`{same: [NAME, ...]}` for fields that must agree, `{each: NAME}` for the value that a list holds for every layer, or
that stands alone, `{runs: NAME}` for a list that the field gives as [[names, times], ...], `{where: [LIST, KEYS,
key]}` for the item that a list has wherever another has this key, or an operation on expressions: `{minus:
[max_position_embeddings, 2]}`, or a rule of `layer_lists`. Modifiers: `default` (an expression, where the value is
missing or null), `unless` (null where the value equals this expression), `table` (library's value -> ours, item by
item in a list; or the name of a table that many share, `activations`) and `cut` (the path that goes where the value
is null).
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from catalog.layer_lists import RULES, item_where, parts_of
from catalog.yaml_loader import scalar

MODIFIERS = ("default", "unless", "table", "cut")
MISSING: Any = object()
Number = int | float

# name -> value, first operand from the value and the second, second operand from the value and the first
OPERATIONS: dict[str, tuple[Callable[[Any, Any], Any], Callable[[Any, Any], Any], Callable[[Any, Any], Any] | None]] = {
    "plus": (lambda a, b: a + b, lambda v, b: v - b, lambda v, a: v - a),
    "minus": (lambda a, b: a - b, lambda v, b: v + b, lambda v, a: a - v),
    "times": (lambda a, b: a * b, lambda v, b: v / b, lambda v, a: v / a),
    "over": (lambda a, b: a / b, lambda v, b: v * b, lambda v, a: a / v),
    "power": (lambda a, b: a**b, lambda v, b: v ** (1 / b), None),
}
FORMS = ("field", "same", "each", "runs", "where", *RULES, *OPERATIONS)
TABLES: dict[str, dict[str, Any]] = {
    "activations": {
        "gelu": "gelu",
        "gelu_new": "gelu_tanh",
        "gelu_pytorch_tanh": "gelu_tanh",
        "gelu_fast": "gelu_tanh",
        "quick_gelu": "quick_gelu",
        "relu": "relu",
        "relu2": "relu2",
        "silu": "silu",
        "swish": "silu",
        "tanh": "tanh",
        "sigmoid": "sigmoid",
        "linear": "identity",
        "xielu": "xielu",
    }
}


class NotKnown(Exception):
    """A field that an expression needs has no value yet."""


class Unfit(ValueError):
    """A value that an expression cannot give or take; `field` names it, `allowed` says what would fit."""

    def __init__(self, field: str, value: Any, allowed: str) -> None:
        self.field, self.value, self.allowed = field, value, allowed
        super().__init__(f"{field}={value!r}; allowed: {allowed}")


def fields(expression: Any) -> Iterator[str]:
    """Every field of the library's config that an expression reads."""
    if isinstance(expression, str):
        yield expression
    elif isinstance(expression, Mapping):
        parts = [*_operands(expression), *(expression[name] for name in ("default", "unless") if name in expression)]
        for part in parts:
            yield from fields(part)


def read(expression: Any, config: Mapping[str, Any]) -> Any:
    """Our value of an expression; None where the field is null or missing and nothing stands in for it.

    Raises:
        Unfit: a table has no row for the value.
    """
    if isinstance(expression, str):
        value = look_up(config, expression)
        return None if value is MISSING else value
    if not isinstance(expression, Mapping):
        return expression
    value = _read_form(expression, config)
    if value is None and "default" in expression:
        value = read(expression["default"], config)
    if "table" in expression and (value is not None or "null" in _table(expression)):
        value = _translate(expression, value)
    if "unless" in expression and value == read(expression["unless"], config):
        return None
    return value


def solve(expression: Any, value: Any, config: dict[str, Any]) -> None:
    """Set the one field that is not known yet in `config`, so that `read` gives `value`.

    Raises:
        NotKnown: two or more fields are still open.
        Unfit: no value of the field gives this one.
    """
    if isinstance(expression, str):
        _set(config, expression, value)
        return
    if not isinstance(expression, Mapping):
        if expression != value:
            raise Unfit("constant", value, str(expression))
        return
    if value is None and "unless" in expression:
        value = _known(expression["unless"], config)
    elif "table" in expression and (value is not None or None in _table(expression).values()):
        value = _translate_back(expression, value)
    if "field" in expression:
        _set(config, expression["field"], value)
    elif "same" in expression:
        for name in expression["same"]:
            _set(config, name, value)
    elif "each" in expression:
        _set(config, expression["each"], value)
    elif "runs" in expression:
        _set(config, expression["runs"], None if value is None else [[[name], 1] for name in value])
    elif "where" in expression:
        _solve_where(expression["where"], value, config)
    elif value is not None:
        _solve_operation(expression, value, config)


def look_up(config: Mapping[str, Any], dotted: str) -> Any:
    """The value of a field, or `MISSING`."""
    value: Any = config
    for name in dotted.split("."):
        if not isinstance(value, Mapping) or name not in value:
            return MISSING
        value = value[name]
    return value


def _set(config: dict[str, Any], dotted: str, value: Any) -> None:
    known = look_up(config, dotted)
    if known is not MISSING:
        if known != value:
            raise Unfit(dotted, value, f"{known!r}, which other parts of the model need")
        return
    *outer, last = dotted.split(".")
    if value is None and outer:
        return  # an absent key of a nested map is the library's null
    holder = config
    for name in outer:
        holder = holder.setdefault(name, {})
    holder[last] = value


def _read_form(expression: Mapping[str, Any], config: Mapping[str, Any]) -> Any:
    if "field" in expression:
        return read(expression["field"], config)
    if "same" in expression:
        first, *others = (read(name, config) for name in expression["same"])
        if any(other != first for other in others):
            raise Unfit(" and ".join(expression["same"]), [first, *others], "one value for all")
        return first
    if "each" in expression:
        value = read(expression["each"], config)
        items = value if isinstance(value, list | tuple) else [value]
        if any(item != items[0] for item in items):
            raise Unfit(expression["each"], value, "one value for all layers")
        return items[0]
    if "runs" in expression:
        runs = read(expression["runs"], config)
        return None if runs is None else [name for names, times in runs for name in [*names] * times]
    if "where" in expression:
        name, other, key = expression["where"]
        items, keys = (read(each, config) for each in (name, other))
        return None if None in (items, keys) else _fitting(name, items, lambda: item_where(items, keys, key))
    name, operands = _operation(expression)
    values = [read(operand, config) for operand in operands]
    if None in values:
        return None
    return RULES[name][1](*values) if name in RULES else whole(OPERATIONS[name][0](*values))


def _solve_where(operands: list[str], value: Any, config: dict[str, Any]) -> None:
    name, other, key = operands
    keys = look_up(config, other)
    if keys is MISSING:
        raise NotKnown
    items = config.setdefault(name, [None] * len(keys))
    config[name] = [value if each == key else item for item, each in zip(items, keys, strict=True)]


def _fitting(name: str, value: Any, made: Callable[[], Any]) -> Any:
    try:
        return made()
    except ValueError as error:
        raise Unfit(name, value, str(error)) from error


def _solve_operation(expression: Mapping[str, Any], value: Any, config: dict[str, Any]) -> None:
    name, operands = _operation(expression)
    if name in RULES:
        parts = _fitting(" and ".join(fields(expression)), value, lambda: parts_of(name, value))
        for operand, part in zip(operands, parts, strict=True):
            solve(operand, part, config)
        return
    first, second = operands
    _, for_first, for_second = OPERATIONS[name]
    known = [_try_known(part, config) for part in (first, second)]
    if known[0] is MISSING and known[1] is MISSING:
        raise NotKnown
    if known[1] is MISSING:
        if for_second is None or known[0] is None:
            raise NotKnown
        solve(second, whole(for_second(value, known[0])), config)
    elif known[0] is MISSING:
        solve(first, whole(for_first(value, known[1])), config)
    elif None in known:
        raise Unfit(" and ".join(fields(expression)), value, "null, which other parts of the model need")
    elif not _near(OPERATIONS[name][0](*known), value):
        raise Unfit(" and ".join(fields(expression)), value, f"{OPERATIONS[name][0](*known)!r}")


def _near(one: Any, other: Any) -> bool:
    """Whether two values are equal but for rounding."""
    return bool(abs(one - other) <= 1e-9 * max(1.0, abs(other)))


def _try_known(expression: Any, config: Mapping[str, Any]) -> Any:
    try:
        return _known(expression, config)
    except NotKnown:
        return MISSING


def _known(expression: Any, config: Mapping[str, Any]) -> Any:
    """The value of an expression whose fields are all set already."""
    if any(look_up(config, name) is MISSING for name in fields(expression)):
        raise NotKnown
    return read(expression, config)


def whole(value: Any) -> Any:
    """An integer where a computed number is one but for rounding."""
    if not isinstance(value, float):
        return value
    return round(value) if _near(round(value), value) else value


def _translate(expression: Mapping[str, Any], value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_translate(expression, item) for item in value]
    for key, ours in _table(expression).items():
        if scalar(key) == value and isinstance(scalar(key), bool) == isinstance(value, bool):
            return ours
    raise Unfit(" and ".join(fields(expression)), value, ", ".join(_table(expression)))


def _translate_back(expression: Mapping[str, Any], value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_translate_back(expression, item) for item in value]
    for key, ours in _table(expression).items():
        if _says(ours, value):
            return scalar(key)
    raise Unfit(" and ".join(fields(expression)), value, ", ".join(map(str, _table(expression).values())))


def _says(row: Any, value: Any) -> bool:
    """Whether a table's row is the value; a part that names fewer options says the same where they agree."""
    if isinstance(row, Mapping) and isinstance(value, Mapping):
        return all(name in value and _says(option, value[name]) for name, option in row.items())
    return bool(row == value) and isinstance(row, bool) == isinstance(value, bool)


def _table(expression: Mapping[str, Any]) -> Mapping[str, Any]:
    table: Any = expression["table"]
    return TABLES[table] if isinstance(table, str) else table


def _operation(expression: Mapping[str, Any]) -> tuple[str, list[Any]]:
    name = next(name for name in (*RULES, *OPERATIONS) if name in expression)
    return name, expression[name]


def _operands(expression: Mapping[str, Any]) -> list[Any]:
    named = [expression[form] for form in ("field", "each", "runs") if form in expression]
    return named or expression.get("same") or expression.get("where", [])[:2] or _operation(expression)[1]
