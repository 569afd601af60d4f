"""Validates one part against the records and completes it: defaults, dimensions and nested parts."""

from collections.abc import Mapping
from typing import Any

from catalog.errors import UNSET, Faults, did_you_mean
from catalog.located import LocatedMap, Mark, mark_of
from catalog.records import Option, PartRecord, Records, load_records, options_of, records_from_json
from catalog.scope import Scope
from catalog.types import parse, says

__all__ = ["Filling", "Option", "PartRecord", "Records", "fill", "load_records", "options_of", "records_from_json"]

_RESERVED = ("kind", "sort")
_FLOATS = ("Number", "Positive", "NonNegative", "Probability")
_CONFUSED_FLAGS = {"yes": "true", "on": "true", "True": "true", "no": "false", "off": "false", "False": "false"}


def fill(sort: str, spec: Any, dims: Mapping[str, Any] | None = None, records: Records | None = None) -> dict[str, Any]:
    """The complete part that `spec` asks for: its kind and every option in the order of the signature.

    `spec` is `{kind: ..., option: ...}` or a bare kind name; an option that is not given takes the dimension of its
    name, then its default.

    Raises:
        CatalogError: the kind, an option or a value is not allowed.
    """
    faults = Faults()
    part = Filling(records or load_records(), faults).part(sort, spec, Scope(dims or {}), sort)
    faults.raise_any()
    assert part is not None
    return part


class Filling:
    """Fills parts one after another from the same records, noting faults instead of raising them.

    Without `check` values are completed but not validated, which needs no pydantic.
    """

    def __init__(self, records: Records, faults: Faults, *, check: bool = True) -> None:
        self.records = records
        self.faults = faults
        self.check = check

    def part(self, sort: str, spec: Any, scope: Scope, path: str, where: Mark | None = None) -> dict[str, Any] | None:
        """Like `fill`, under a dotted path; None when there is no such part. `where` places a spec without a place."""
        given = as_map(spec, where)
        if given is None:
            self.faults.incomplete = True
            self.faults.add(where, path, "is no part", value=spec, allowed=says(f"Part[{sort}]"))
            return None
        record = self._record(sort, given, path)
        if record is None:
            return None
        self._refuse_unknown(record, given, path)
        filled, marks = {}, {}
        for name, option in record.options.items():
            filled[name], marks[name] = self._value(name, option, given, scope, path)
        filled = {name: _exact(record.options[name], value) for name, value in filled.items() if value is not UNSET}
        if self.check:
            self._check(record, filled, marks, path)
        return {**({"sort": sort} if "sort" in given else {}), "kind": given["kind"], **filled}

    def _record(self, sort: str, given: LocatedMap, path: str) -> PartRecord | None:
        kinds = self.records.get(sort)
        kind = given.get("kind")
        self.faults.incomplete |= kinds is None or not isinstance(kind, str) or kind not in kinds
        if kinds is None:
            known = sorted(self.records)
            self.faults.add(
                mark_of(given, "sort"),
                path,
                "unknown sort of part",
                value=sort,
                allowed=", ".join(known),
                suggestion=did_you_mean(sort, known),
            )
            return None
        if "kind" not in given:
            self.faults.add(
                given.mark, f"{path}.kind", f"the {sort} must name its kind", allowed=", ".join(sorted(kinds))
            )
            return None
        if not isinstance(kind, str) or kind not in kinds:
            self.faults.add(
                mark_of(given, "kind"),
                f"{path}.kind",
                f"unknown {sort} kind",
                value=kind,
                allowed=", ".join(sorted(kinds)),
                suggestion=did_you_mean(kind, kinds),
            )
            return None
        return kinds[kind]

    def _refuse_unknown(self, record: PartRecord, given: LocatedMap, path: str) -> None:
        for name in given:
            if name not in record.options and name not in _RESERVED:
                self.faults.add(
                    mark_of(given, name),
                    f"{path}.{name}",
                    f"{given['kind']} has no such option",
                    allowed=", ".join(record.options) or "no option at all",
                    suggestion=did_you_mean(name, record.options),
                )

    def _value(self, name: str, option: Option, given: LocatedMap, scope: Scope, path: str) -> tuple[Any, Mark | None]:
        kind, where = parse(option.type), mark_of(given, name)
        value: Any = given.get(name, UNSET)
        if value is None and not kind.optional:
            value = UNSET
        if value is not UNSET:
            scope.pass_over(name, f"{path}.{name}")
        elif name in scope:
            value, where = scope.take(name)
        if value is UNSET and option.required and kind.form == "part":
            value = scope.part(kind.argument) or UNSET
        if value is UNSET and not option.required:
            value = option.default
        if value is UNSET:
            self.faults.add(
                given.mark, f"{path}.{name}", f"{given['kind']} needs this option", allowed=says(option.type)
            )
            return UNSET, where
        return self._nested(kind.form, kind.argument, value, scope, f"{path}.{name}", where), where

    def _nested(self, form: str, sort: str, value: Any, scope: Scope, path: str, where: Mark | None) -> Any:
        if value is None or form not in ("part", "parts"):
            return value
        if form == "part":
            filled = self.part(sort, value, scope, path, where)
            return UNSET if filled is None else filled
        items = value if isinstance(value, list) else [value]
        parts = [self.part(sort, item, scope, path, mark_of(items, i) or where) for i, item in enumerate(items)]
        return [part for part in parts if part is not None]

    def _check(self, record: PartRecord, filled: dict[str, Any], marks: dict[str, Mark | None], path: str) -> None:
        from catalog.strict import wrong_options

        for name in wrong_options(record, filled):
            option, value = record.options[name], filled[name]
            self.faults.add(
                marks[name],
                f"{path}.{name}",
                "does not fit",
                value=value,
                allowed=says(option.type),
                suggestion=_suggest(option, value),
            )


def as_map(spec: Any, where: Mark | None = None) -> LocatedMap | None:
    """A part's spec as a map with a place; a bare text is its kind; None when it is neither."""
    if isinstance(spec, str):
        given = LocatedMap(mark=where)
        given.put("kind", spec, where)
        return given
    if not isinstance(spec, Mapping):
        return None
    given = LocatedMap(spec)
    given.mark = given.mark or where
    return given


def _exact(option: Option, value: Any) -> Any:
    # `1` and `1.0` are one value of a real option and must hash alike.
    return float(value) if type(value) is int and parse(option.type).argument in _FLOATS else value


def _suggest(option: Option, value: Any) -> str | None:
    kind = parse(option.type)
    if kind.argument == "Flag":
        return _CONFUSED_FLAGS.get(str(value))
    return did_you_mean(value, kind.choices) if kind.form == "choice" else None
