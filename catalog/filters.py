"""Chooses rows of the index: by name, stack, range and trait, by `key=value` conditions, by words."""

import operator
import re
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from typing import Any

from catalog.errors import CatalogError, did_you_mean, refusal
from catalog.figures import FIGURES
from catalog.folders import check_known
from catalog.listing import FACTS, Row
from catalog.ranges import parse_range
from catalog.records import load_records
from catalog.traits import TRAITS

STACKS = ("encoder", "decoder", "encoder_decoder", "baseline", "other")
PLAIN = (
    *("id", *FACTS, "year", "family", "stack", "baseline", "extends", "parent"),
    *(*FIGURES, "published", "size", "sizes", "traits", "not_built"),
)
_CONDITION = re.compile(r"\s*([\w.]+)\s*(!=|>=|<=|=|>|<)\s*(.*?)\s*")
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}


def by_stack(rows: Iterable[Row], stack: str) -> list[Row]:
    """Rows of one stack; `baseline` takes the baselines of every stack.

    Raises:
        CatalogError: there is no such stack.
    """
    if stack.replace("-", "_") not in STACKS:
        near = did_you_mean(stack, STACKS)
        raise refusal(None, "--stack", "unknown stack", value=stack, allowed=", ".join(STACKS), suggestion=near)
    wanted = stack.replace("-", "_")
    return [row for row in rows if row.get("stack") == wanted or (wanted == "baseline" and row.get("baseline"))]


def by_name(rows: Iterable[Row], patterns: Iterable[str]) -> list[Row]:
    """Rows whose id meets one of the patterns: `gpt-2`, or `*` and `?` for what is left open.

    Raises:
        CatalogError: a pattern without `*` or `?` is no entry.
    """
    rows, wanted = list(rows), list(patterns)
    known = {row["id"]: row for row in rows}
    for pattern in wanted:
        if set(pattern) & set("=<> "):
            allowed = "ids; a condition follows --filter, and words follow --search"
            raise refusal(None, "list", "is no id", value=pattern, allowed=allowed)
        if not set(pattern) & set("*?["):
            check_known(pattern, known)
    return [row for row in rows if any(fnmatchcase(row["id"], pattern) for pattern in wanted)]


def by_range(rows: Iterable[Row], key: str, text: str, option: str) -> list[Row]:
    """Rows whose number under a key lies in a range such as `2019-2021`.

    Raises:
        CatalogError: the text is no range.
    """
    wanted = parse_range(text, option)
    return [row for row in rows if count_of(row, key) in wanted]


def count_of(row: Row, key: str) -> Any:
    """A row's number; the published parameters stand for those of an entry that was not built."""
    return row.get("published") if key == "parameters" and row.get(key) is None else row.get(key)


def by_trait(rows: Iterable[Row], trait: str) -> list[Row]:
    """Rows that have a trait, such as `gqa`.

    Raises:
        CatalogError: there is no such trait.
    """
    if trait not in TRAITS:
        near = did_you_mean(trait, TRAITS)
        raise refusal(None, "--trait", "unknown trait", value=trait, allowed=", ".join(TRAITS), suggestion=near)
    return [row for row in rows if trait in row.get("traits", ())]


def by_name_of(rows: Iterable[Row], key: str, text: str, everyone: Iterable[Row]) -> list[Row]:
    """Rows of a lab, or of a licence; a part of its name will do.

    Raises:
        CatalogError: no entry at all has such a one.
    """
    names = {str(row[key]) for row in everyone if row.get(key)}
    if not any(_matches(name, text) for name in names):
        near = did_you_mean(text, {part for name in names for part in re.split(r", | and | \(", name)})
        allowed = f"a part of any that `bestiary list --columns id,{key}` shows"
        raise refusal(None, f"--{key}", "no entry has it", value=text, allowed=allowed, suggestion=near)
    return [row for row in rows if _matches(value_of(row, key), text)]


def by_words(rows: Iterable[Row], text: str) -> list[Row]:
    """Rows that contain every word of the text, in any of their fields."""
    words = text.lower().split()
    return [row for row in rows if all(word in _haystack(row) for word in words)]


def by_condition(rows: Iterable[Row], condition: str) -> list[Row]:
    """Rows that meet `key=value`; also `!=`, and `>= <= > <` for numbers and dates.

    The key is a fact, a sort of part (`norm=rms_norm`) or a dimension (`n_heads=12`); of a fact's text a part will do.

    Raises:
        CatalogError: the condition cannot be read, or names no key or kind that exists.
    """
    rows = list(rows)
    match = _CONDITION.fullmatch(condition)
    if not match:
        raise _refuse(condition, "is no condition", "key=value, such as norm=rms_norm or year>=2020")
    key, sign, value = match.groups()
    known = keys(rows)
    if key not in known:
        raise _refuse(condition, f"there is no key {key}", ", ".join(known), did_you_mean(key, known))
    if sign in _COMPARE:
        return [row for row in rows if _ordered(value_of(row, key), value, _COMPARE[sign])]
    _check_kind(rows, key, value, condition)
    return [row for row in rows if _matches(value_of(row, key), value) == (sign == "=")]


def in_order(rows: Iterable[Row], key: str) -> list[Row]:
    """Rows by one key, those without it last; `-key` turns the order round.

    Raises:
        CatalogError: there is no such key.
    """
    rows, name = list(rows), key.removeprefix("-")
    known = keys(rows)
    if name not in known:
        near = did_you_mean(name, known)
        raise refusal(None, "--sort", "unknown key", value=key, allowed=", ".join(known), suggestion=near)
    have = [row for row in rows if value_of(row, name) is not None]
    numbers = all(isinstance(value_of(row, name), int | float) for row in have)
    have.sort(key=lambda row: value_of(row, name) if numbers else str(value_of(row, name)), reverse=key.startswith("-"))
    return have + [row for row in rows if value_of(row, name) is None]


def keys(rows: Iterable[Row]) -> list[str]:
    """What a condition or a column may name: facts, figures, sorts of part, dimensions."""
    rows = list(rows)
    sorts = {sort for row in rows for sort in row.get("kinds", {})}
    dimensions = {name for row in rows for name in row.get("dimensions", {})}
    return list(dict.fromkeys([*PLAIN, *sorted(sorts), *sorted(dimensions)]))


def value_of(row: Row, key: str) -> Any:
    """What a row holds under a key."""
    if key in PLAIN:
        return row.get(key)
    return row.get("kinds", {}).get(key, row.get("dimensions", {}).get(key))


def _check_kind(rows: list[Row], key: str, value: str, condition: str) -> None:
    kinds = {kind for row in rows for kind in row.get("kinds", {}).get(key, ())}
    if key in PLAIN or not kinds or value in kinds:
        return
    known = sorted(kinds | set(load_records().get(key, ())))
    if value not in known:
        raise _refuse(condition, f"there is no {key} {value}", ", ".join(known), did_you_mean(value, known))


def _matches(found: Any, value: str) -> bool:
    if isinstance(found, list):
        return value in found
    if isinstance(found, bool):
        return str(found).lower() == value.lower()
    if isinstance(found, int | float):
        return str(found) == value
    return found is not None and value.lower() in str(found).lower()


def _ordered(found: Any, value: str, compare: Callable[[Any, Any], bool]) -> bool:
    if isinstance(found, int | float):
        try:
            return compare(found, float(value))
        except ValueError:
            raise _refuse(value, "is no number", "a number, such as 2020") from None
    return isinstance(found, str) and compare(found, value)


def _haystack(row: Row) -> str:
    kinds = [kind for names in row.get("kinds", {}).values() for kind in names]
    facts = [row.get(name) for name in ("id", *FACTS, "family", "stack", "extends", "parent", "not_built")]
    return " ".join(str(value) for value in (*facts, *kinds) if value).lower()


def _refuse(condition: str, message: str, allowed: str, near: str | None = None) -> CatalogError:
    return refusal(None, f"--filter {condition}", message, allowed=allowed, suggestion=near)
