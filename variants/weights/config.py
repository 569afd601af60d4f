"""From the library's config to a resolved spec and back, by the tables of an entry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from typing import Any

from catalog.config_fields import FILE, inert, is_neutral
from catalog.entries import Entry, sized_model
from catalog.errors import CatalogError, did_you_mean
from catalog.expressions import MISSING, NotKnown, Unfit, fields, look_up, read, solve
from catalog.reference import Reference, as_plain
from catalog.resolution import resolve_model
from catalog.spec_paths import STACKS, Ambiguous, read_path
from variants.parts import Spec
from variants.registry import records

Config = dict[str, Any]


def spec_from_config(entry: Entry, reference: Reference, config: Mapping[str, Any]) -> Spec:
    """The resolved spec of the model that a config of the library describes.

    Raises:
        ValueError: the config asks for what the entry cannot say.
    """
    return describe(entry, reference, config)[1]


def describe(entry: Entry, reference: Reference, config: Mapping[str, Any]) -> tuple[dict[str, Any], Spec]:
    """The overrides of an entry that a config of the library stands for, and the resolved spec.

    Raises:
        ValueError: the config asks for what the entry cannot say.
    """
    for name, allowed in reference.requires.items():
        value = look_up(config, name)
        if not _allows(allowed, None if value is MISSING else value):
            raise ValueError(
                f"{entry.id}: {name}={None if value is MISSING else value!r}; allowed: {as_plain(allowed)!r}"
            )
    try:
        overrides = dict(_overrides(reference, config))
        overrides |= _cut_pattern(entry, overrides)
        overrides |= _without_unused_blocks(entry, overrides)
        return _settle(entry, _of_parts_there({**_further_blocks(reference, overrides), **overrides}))
    except (CatalogError, Unfit) as error:
        raise ValueError(f"{entry.id}: {error}") from error


def _allows(allowed: Any, value: Any) -> bool:
    """Whether a field that must hold a value, one of a list, or anything but one, does so."""
    if isinstance(allowed, Mapping):
        return bool(value != allowed["not"])
    return value in (allowed if isinstance(allowed, list) else [allowed])


def _settle(entry: Entry, overrides: dict[str, Any]) -> tuple[dict[str, Any], Spec]:
    """As `resolve_model`, without what the library's fields leave open; the overrides that are left, and the spec.

    Dropped are nulls for options that the kind does not have, and dimensions of the entry without a taker.
    """
    model = sized_model(entry, None)
    try:
        return overrides, resolve_model(model, records(), overrides)
    except CatalogError as error:
        named = {fault.field for fault in error.faults}
        said = {path: value for path, value in overrides.items() if value is not None or path not in named}
        if len(said) < len(overrides):
            return _settle(entry, said)
        idle = {fault.field: None for fault in error.faults}
        if any(name in overrides or not isinstance(model.get(name), int | float | str) for name in idle):
            raise
    settled = {**overrides, **idle}
    return settled, resolve_model(model, records(), settled)


def check_understood(
    reference: Reference, config: Mapping[str, Any], default: Mapping[str, Any], base: Mapping[str, Any]
) -> None:
    """Refuses a config with a field, not at its default or unknown to the library's class, that no table tells of.

    Raises:
        ValueError: there is such a field.
    """
    known = {name for expression in reference.config.values() for name in fields(expression)}
    known |= {*reference.requires, *reference.inert}
    plain = inert() | (base.keys() - {"tie_word_embeddings"})
    for name, usual in default.items():
        _check_field(name, config.get(name), usual, known, plain)
    for name in config.keys() - default.keys() - known - plain:
        if not is_neutral(name, config[name]):
            near = did_you_mean(name, default.keys() | known)
            hint = f"; did you mean {near}?" if near else ""
            raise ValueError(
                f"{name}={config[name]!r} is a field that the library's class does not have{hint}; "
                f"allowed: its own fields, those of {FILE.name}, or a row for it under reference.inert"
            )


def passed_over(config: Mapping[str, Any], default: Mapping[str, Any]) -> list[str]:
    """The fields of a config that was understood which the library's class does not have: they say nothing."""
    return sorted(name for name in config.keys() - default.keys() if config[name] not in (None, {}, []))


def _check_field(name: str, value: Any, usual: Any, known: Set[str], plain: Set[str]) -> None:
    """Refuses one field; where tables read single keys of a map, all other keys of it as well."""
    if name in known or name.split(".")[-1] in plain or value == usual:
        return
    keys = {each.removeprefix(f"{name}.").split(".")[0] for each in known if each.startswith(f"{name}.")}
    if isinstance(value, Mapping) and keys:
        inner = usual if isinstance(usual, Mapping) else {}
        for key in value:
            _check_field(f"{name}.{key}", value[key], inner.get(key), known, plain)
        return
    raise ValueError(
        f"{name}={value!r} is not understood; allowed: {usual!r}, the library's default, "
        f"or a row for it under reference.config, requires or inert"
    )


def config_from_spec(reference: Reference, spec: Spec) -> Config:
    """The fields of the library's config that describe a resolved spec: the tables solved backwards.

    Raises:
        ValueError: a field has no value that says what the spec says.
    """
    config: Config = {}
    told = {name for expression in reference.config.values() for name in fields(expression)}
    for name, allowed in reference.requires.items():
        if isinstance(allowed, Mapping) or (isinstance(allowed, list) and name in told):
            continue  # another row gives the value
        solve(name, as_plain(allowed[0] if isinstance(allowed, list) else allowed), config)
    absent = tuple(f"{path}." for path in (*_missing_blocks(reference, spec), *_absent_parts(reference, spec)))
    open_rows = [row for row in reference.config.items() if not row[0].startswith(absent)]
    while open_rows:
        postponed = [row for row in open_rows if not _try_solve(*row, spec, config)]
        if len(postponed) == len(open_rows):
            raise ValueError(
                f"{', '.join(path for path, _ in postponed)}: the tables leave more than one way to say it"
            )
        open_rows = postponed
    return config


def _missing_blocks(reference: Reference, spec: Spec) -> Iterator[str]:
    """The blocks that a config may name and no layer of this spec is of."""
    for stack in STACKS:
        row = reference.config.get(f"{stack}.pattern")
        names = row.get("table", {}).values() if isinstance(row, Mapping) else ()
        yield from (f"{stack}.{name}" for name in names if spec[stack] and name not in spec[stack]["blocks"])


def _absent_parts(reference: Reference, spec: Spec) -> Iterator[str]:
    for path in reference.config:
        try:
            if read_path(spec, path) is None:
                yield path
        except Ambiguous:
            continue


def _try_solve(path: str, expression: Any, spec: Spec, config: Config) -> bool:
    try:
        solve(expression, read_path(spec, path), config)
    except NotKnown:
        return False
    except (Ambiguous, Unfit) as error:
        if path.endswith("dropout"):
            return True  # no say in logits
        raise ValueError(f"{path}: {error}") from error
    return True


def _overrides(reference: Reference, config: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for path, expression in reference.config.items():
        value = as_plain(read(expression, config))
        cut = expression.get("cut") if isinstance(expression, Mapping) else None
        yield (cut, None) if cut is not None and value is None else (path, value)


def _further_blocks(reference: Reference, overrides: Mapping[str, Any]) -> dict[str, Any]:
    """The blocks of the tables that layers of this config use, before what reaches into them; the others as null."""
    used = {f"{stack}.{name}" for stack in STACKS for name in overrides.get(f"{stack}.pattern") or ()}
    return {_in_blocks(path): block if path in used else None for path, block in reference.blocks.items()}


def _in_blocks(path: str) -> str:
    return path.replace(".", ".blocks.")


def _of_parts_there(overrides: dict[str, Any]) -> dict[str, Any]:
    """Without options of a part or block that other overrides leave out."""
    left_out = [path for path, value in overrides.items() if value is None]
    absent = tuple(f"{path.replace('.blocks.', '.')}." for path in left_out)
    return {path: value for path, value in overrides.items() if not path.startswith(absent)}


def _cut_pattern(entry: Entry, overrides: Mapping[str, Any]) -> dict[str, Any]:
    """The first layers of a pattern that no field of the library gives and that does not tile this depth."""
    cut, n = {}, overrides.get("n_layers")
    for stack in STACKS:
        pattern = (entry.model.get(stack) or {}).get("pattern")
        if pattern and isinstance(n, int) and n % len(pattern) and f"{stack}.pattern" not in overrides:
            cut[f"{stack}.pattern"] = (list(pattern) * n)[:n]
    return cut


def _without_unused_blocks(entry: Entry, overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Drops the blocks that no layer of this config uses, and what else would name layers."""
    dropped: dict[str, Any] = {}
    for stack in STACKS:
        used = overrides.get(f"{stack}.pattern")
        if used is not None:
            blocks = entry.model[stack].get("blocks") or {}
            dropped |= {f"{stack}.blocks.{name}": None for name in blocks if name not in used}
            dropped |= {f"{stack}.{name}": None for name in ("prefix", "suffix")}
    return dropped
