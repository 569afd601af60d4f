"""One table of a sweep file, checked: variants, task, training, rates, seeds and the budget that is matched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from catalog.errors import Faults, did_you_mean
from catalog.located import LocatedMap, mark_of
from catalog.merge import merge
from catalog.records import Option, PartRecord
from catalog.strict import wrong_options
from catalog.types import says
from harness.grid import rows_of

SCALARS = PartRecord(
    options={
        "title": Option("Text | None"),
        "baseline": Option("Text | None"),
        "learning_rates": Option("Numbers", required=True),
        "tuning_seeds": Option("Wholes", required=True),
        "reporting_seeds": Option("Wholes", required=True),
        "margin": Option("Positive | None"),
        "alpha": Option("Probability", 0.05),
        "must_learn": Option("Flag", True),
    }
)
NESTED = ("task", "variants", "grid", "size", "budget", "train", "init_from")
VARIANT = PartRecord(options={"entry": Option("Text | None"), "size": Option("Text | None")})
VIEWS = ("non_embedding_params", "flops", "tokens", "seconds", "memory")
LISTS = ("learning_rates", "tuning_seeds", "reporting_seeds")


@dataclass(frozen=True)
class Variant:
    """An entry of the catalog at a size, with dotted settings; null takes a setting of the table's `size` away.

    `levels` is the level of each axis where the variant is a row of a grid. `init_from` says on what it is pretrained.
    """

    name: str
    entry: str
    size: str | None
    settings: Mapping[str, Any]
    levels: Mapping[str, str] = field(default_factory=dict)
    init_from: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Budget:
    """What is equal for all arms; `match` is the variant whose amount is met, or the amount itself."""

    view: str
    match: str | float


@dataclass(frozen=True)
class Table:
    """One comparison as declared before launch; `task` and `train` are still as written.

    With `must_learn` the sweep fails when no arm beats every row that needs no model.
    """

    id: str
    title: str
    task: Any
    baseline: str
    variants: tuple[Variant, ...]
    size: Mapping[str, Any]
    budget: Budget
    train: Mapping[str, Any]
    learning_rates: tuple[float, ...]
    tuning_seeds: tuple[int, ...]
    reporting_seeds: tuple[int, ...]
    margin: float | None
    alpha: float
    must_learn: bool


def as_maps(document: Any) -> Any:
    """The document with every list of variants as a map by name, and a variant without settings as an empty map."""
    if not isinstance(document, Mapping):
        return document
    changed = LocatedMap(document)
    for key, value in document.items():
        if key == "variants":
            changed[key] = _variants_by_name(value)
        elif key != "presets" and isinstance(value, Mapping):
            changed[key] = as_maps(value)
    return changed


def _variants_by_name(value: Any) -> Any:
    pairs: Sequence[tuple[Any, Any]] = ()
    if isinstance(value, Mapping):
        pairs = [(name, LocatedMap() if variant is None else variant) for name, variant in value.items()]
    elif isinstance(value, list) and all(isinstance(item, str) for item in value):
        pairs = [(item, LocatedMap()) for item in value]
    if not pairs:
        return value
    named = LocatedMap(mark=mark_of(value))
    for place, (name, variant) in enumerate(pairs):
        named.put(name, variant, mark_of(value, name) or mark_of(value, place))
    return named


def read_table(name: str, given: Mapping[str, Any], faults: Faults) -> Table | None:
    """The table that `given` describes, or None with its faults noted."""
    own = Faults()
    table = _read(name, given, own)
    faults.found.update({key: fault for key, fault in own.found.items() if key not in faults.found})
    return table


def _read(name: str, given: Mapping[str, Any], faults: Faults) -> Table | None:
    path = f"tables.{name}."
    known = (*SCALARS.options, *NESTED)
    for key in given:
        if key not in known:
            near = did_you_mean(key, known)
            allowed = ", ".join(known)
            faults.add(mark_of(given, key), f"{path}{key}", "unknown", allowed=allowed, suggestion=near)
    scalars = _scalars(SCALARS, given, path, faults)
    variants = _pretrained(_variants(given, path, faults), _map(given, "init_from", path, faults), given)
    baseline = scalars.get("baseline") or (variants[0].name if variants else None)
    _check_baseline(baseline, variants, given, path, faults)
    _check_lists(scalars, given, path, faults)
    budget = _budget(given, baseline, variants, path, faults)
    maps = {key: _map(given, key, path, faults) for key in ("size", "train")}
    if not given.get("task"):
        faults.add(mark_of(given), f"{path}task", "must be given", allowed="a task: {kind: ..., option: ...}")
    if faults.found or budget is None or baseline is None:
        return None
    return Table(
        id=name,
        title=scalars["title"] or name,
        task=given["task"],
        baseline=baseline,
        variants=tuple(variants),
        size=maps["size"],
        budget=budget,
        train=maps["train"],
        learning_rates=tuple(float(rate) for rate in scalars["learning_rates"]),
        tuning_seeds=tuple(scalars["tuning_seeds"]),
        reporting_seeds=tuple(scalars["reporting_seeds"]),
        margin=scalars["margin"],
        alpha=float(scalars["alpha"]),
        must_learn=scalars["must_learn"],
    )


def _scalars(record: PartRecord, given: Mapping[str, Any], path: str, faults: Faults) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, option in record.options.items():
        if name not in given and option.required:
            faults.add(mark_of(given), f"{path}{name}", "must be given", allowed=says(option.type))
        value = given.get(name, option.default)
        # `--set reporting_seeds=3` means a list of one
        found[name] = [value] if name in LISTS and isinstance(value, int | float) else value
    present = {name: value for name, value in found.items() if name in given}
    for name in wrong_options(record, present):
        allowed = says(record.options[name].type)
        faults.add(mark_of(given, name), f"{path}{name}", "does not fit", value=found[name], allowed=allowed)
        found.pop(name)
    return found


def _variants(given: Mapping[str, Any], path: str, faults: Faults) -> list[Variant]:
    held = given.get("variants")
    if held is None and given.get("grid") is not None:
        return _grid(given["grid"], f"{path}grid", faults)
    if given.get("grid") is not None:
        allowed = "variants, or a grid"
        faults.add(mark_of(given, "grid"), f"{path}grid", "stands beside variants", allowed=allowed)
    if not isinstance(held, Mapping) or not held:
        where, allowed = mark_of(given, "variants"), "a map of names, or a list of entries"
        faults.add(where, f"{path}variants", "does not fit", value=held, allowed=allowed)
        return []
    variants = []
    for name, variant in held.items():
        if variant is not None:
            variants += _variant(name, variant, held, f"{path}variants.{name}", faults)
    return variants


def _pretrained(variants: list[Variant], start: Mapping[str, Any], given: Mapping[str, Any]) -> list[Variant]:
    """The variants with the table's `init_from` where they name none of their own; null of a variant means none."""
    if not start:
        return variants
    held = given.get("variants")
    named = held.items() if isinstance(held, Mapping) else ()
    own = {name for name, variant in named if isinstance(variant, Mapping) and "init_from" in variant}
    return [variant if variant.name in own else replace(variant, init_from=start) for variant in variants]


def _grid(grid: Any, path: str, faults: Faults) -> list[Variant]:
    rows = rows_of(grid, path, faults)
    if not isinstance(grid, Mapping):
        return []
    scalars = _scalars(VARIANT, {key: grid[key] for key in VARIANT.options if key in grid}, f"{path}.", faults)
    if not scalars.get("entry"):
        faults.add(mark_of(grid), f"{path}.entry", "must be given", allowed="an entry of the catalog")
        return []
    return [Variant(row.name, scalars["entry"], scalars.get("size"), row.settings, row.levels) for row in rows]


def _variant(name: str, given: Any, held: Mapping[str, Any], path: str, faults: Faults) -> list[Variant]:
    if isinstance(given, str):
        return [Variant(name, given, None, {})]
    if name == "a/a":
        faults.add(mark_of(held, name), path, "the name belongs to the baseline under another initialisation")
    if not isinstance(given, Mapping):
        allowed = "an entry, or {entry: ..., size: ..., set: {path: value}}"
        faults.add(mark_of(held, name), path, "does not fit", value=given, allowed=allowed)
        return []
    known = (*VARIANT.options, "set", "init_from")
    for key in given:
        if key not in known:
            near, allowed = did_you_mean(key, known), ", ".join(known)
            faults.add(mark_of(given, key), f"{path}.{key}", "unknown", allowed=allowed, suggestion=near)
    scalars = _scalars(VARIANT, given, f"{path}.", faults)
    settings = _map(given, "set", f"{path}.", faults)
    start = _map(given, "init_from", f"{path}.", faults) or None
    return [Variant(name, scalars.get("entry") or name, scalars.get("size"), settings, init_from=start)]


def _check_baseline(
    baseline: str | None, variants: Sequence[Variant], given: Mapping[str, Any], path: str, faults: Faults
) -> None:
    names = [variant.name for variant in variants]
    if baseline is not None and names and baseline not in names:
        near, allowed = did_you_mean(baseline, names), ", ".join(names)
        where = mark_of(given, "baseline")
        faults.add(where, f"{path}baseline", "is no variant", value=baseline, allowed=allowed, suggestion=near)


def _check_lists(scalars: Mapping[str, Any], given: Mapping[str, Any], path: str, faults: Faults) -> None:
    for name in LISTS:
        values = scalars.get(name)
        if values is None:
            continue
        if not values or len(set(values)) < len(values):
            allowed = "one value or more, each once"
            faults.add(mark_of(given, name), f"{path}{name}", "does not fit", value=values, allowed=allowed)
    if any(rate <= 0 for rate in scalars.get("learning_rates") or ()):
        where, rates = mark_of(given, "learning_rates"), scalars["learning_rates"]
        faults.add(where, f"{path}learning_rates", "does not fit", value=rates, allowed="numbers above 0")
    both = set(scalars.get("tuning_seeds") or ()) & set(scalars.get("reporting_seeds") or ())
    if both:
        message = "a seed that chose the rate cannot report: the best of several looks better than it is"
        where, allowed = mark_of(given, "reporting_seeds"), "seeds that tuning_seeds does not hold"
        faults.add(where, f"{path}reporting_seeds", message, value=sorted(both), allowed=allowed)


def _budget(
    given: Mapping[str, Any], baseline: str | None, variants: Sequence[Variant], path: str, faults: Faults
) -> Budget | None:
    held = merge({"view": VIEWS[0], "match": baseline}, _map(given, "budget", path, faults))
    names = [variant.name for variant in variants]
    for key in held:
        if key not in ("view", "match"):
            faults.add(mark_of(held, key), f"{path}budget.{key}", "unknown", allowed="view, match")
    if held["view"] not in VIEWS:
        near, allowed = did_you_mean(held["view"], VIEWS), ", ".join(VIEWS)
        where = mark_of(held, "view")
        faults.add(where, f"{path}budget.view", "unknown", value=held["view"], allowed=allowed, suggestion=near)
    match = held["match"]
    number = (int, float) if held["view"] == "seconds" else (int,)
    amount = type(match) in number and match > 0 and held["view"] != "tokens"
    if not amount and match not in names and baseline in names:
        a_number = "a number above 0" if held["view"] == "seconds" else "a whole number of at least 1"
        allowed = f"{a_number}, or a variant: {', '.join(names)}"
        faults.add(mark_of(held, "match"), f"{path}budget.match", "does not fit", value=match, allowed=allowed)
        return None
    return Budget(held["view"], match)


def _map(given: Mapping[str, Any], key: str, path: str, faults: Faults) -> Mapping[str, Any]:
    value = given.get(key)
    if value is None:
        return LocatedMap(mark=mark_of(given))
    if not isinstance(value, Mapping):
        faults.add(mark_of(given, key), f"{path}{key}", "does not fit", value=value, allowed="a map")
        return LocatedMap()
    return value
