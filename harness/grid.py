"""A grid over axes in a sweep file, as the variants that it stands for.

    grid:
      entry: pre-ln
      axes:
        decoder.norm.kind: [layer_norm, rms_norm]          # a path of the entry and its values
        residual: {pre: {}, post: {decoder.residual.kind: post_norm}}   # or levels with names, each with its settings
      rows: full                                           # every combination, or one_by_one

The first level of each axis is the starting point. `one_by_one` goes from all first levels to all last ones, one axis
after another in the order written, and then leaves one out of the last each time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from catalog.errors import Faults, did_you_mean
from catalog.located import mark_of

FIELDS = ("entry", "size", "axes", "rows")
Levels = dict[str, str]


@dataclass(frozen=True)
class Row:
    """One combination: its name, the level of each axis, and the settings that make it."""

    name: str
    levels: Levels
    settings: Mapping[str, Any]


def rows_of(grid: Any, path: str, faults: Faults) -> list[Row]:
    """The rows of a grid in the order of its axes; what is wrong is noted and leaves none."""
    if not isinstance(grid, Mapping):
        faults.add(mark_of(grid), path, "does not fit", value=grid, allowed=f"a map with {', '.join(FIELDS)}")
        return []
    for key in grid:
        if key not in FIELDS:
            near, allowed = did_you_mean(key, FIELDS), ", ".join(FIELDS)
            faults.add(mark_of(grid, key), f"{path}.{key}", "unknown", allowed=allowed, suggestion=near)
    design = grid.get("rows", "full")
    if design not in DESIGNS:
        near, allowed = did_you_mean(str(design), DESIGNS), ", ".join(DESIGNS)
        where = mark_of(grid, "rows")
        faults.add(where, f"{path}.rows", "does not fit", value=design, allowed=allowed, suggestion=near)
    axes = _axes(grid, path, faults)
    if not axes or design not in DESIGNS:
        return []
    rows = DESIGNS[design]({axis: list(found) for axis, found in axes.items()})
    return [Row(name, levels, _settings(levels, axes)) for name, levels in rows]


def _axes(grid: Mapping[str, Any], path: str, faults: Faults) -> dict[str, dict[str, Mapping[str, Any]]]:
    """Each axis with its levels by name, and the settings of each."""
    held = grid.get("axes")
    if not isinstance(held, Mapping) or not held:
        allowed = "a map of axes, each with two levels or more"
        faults.add(mark_of(grid, "axes"), f"{path}.axes", "does not fit", value=held, allowed=allowed)
        return {}
    found = {axis: _levels(axis, values) for axis, values in held.items()}
    for axis, levels in found.items():
        if levels is None or len(levels) < 2:
            allowed = "a list of two values or more, or a map from levels to settings"
            where = mark_of(held, axis)
            faults.add(where, f"{path}.axes.{axis}", "does not fit", value=held[axis], allowed=allowed)
    return {axis: levels for axis, levels in found.items() if levels is not None and len(levels) > 1}


def _levels(axis: str, values: Any) -> dict[str, Mapping[str, Any]] | None:
    if isinstance(values, list):
        return {_word(value): {axis: value} for value in values}
    if isinstance(values, Mapping) and all(isinstance(each, Mapping | None) for each in values.values()):
        return {str(name): settings or {} for name, settings in values.items()}
    return None


def _word(value: Any) -> str:
    if isinstance(value, Mapping):
        return str(value.get("kind", dict(value)))
    return {None: "null", True: "true", False: "false"}.get(value, str(value)) if _is_plain(value) else str(value)


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, bool)


def _settings(levels: Levels, axes: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> dict[str, Any]:
    return {path: value for axis, level in levels.items() for path, value in axes[axis][level].items()}


def _short(axes: Sequence[str]) -> dict[str, str]:
    """The last word of each path, where that tells the axes apart."""
    short = {axis: axis.removesuffix(".kind").rpartition(".")[2] for axis in axes}
    return short if len(set(short.values())) == len(short) else {axis: axis for axis in axes}


def _full(axes: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, Levels]]:
    names = _short(list(axes))
    for row in product(*axes.values()):
        levels = dict(zip(axes, row, strict=True))
        yield ",".join(f"{names[axis]}={level}" for axis, level in levels.items()), levels


def _one_by_one(axes: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, Levels]]:
    """From all first levels to all last ones a step at a time; then all last ones with one left out, where new."""
    first, last = ({axis: levels[end] for axis, levels in axes.items()} for end in (0, -1))
    names, reached = _short(list(axes)), first
    end = _shared_word(last, "end")
    yield _shared_word(first, "start"), first
    seen = [first]
    for axis in axes:
        reached = reached | {axis: last[axis]}
        seen.append(reached)
        yield (end if reached == last else f"+ {names[axis]}"), reached
    for axis in axes:
        if (left := last | {axis: first[axis]}) not in seen:
            yield f"{end} without {names[axis]}", left


def _shared_word(levels: Levels, otherwise: str) -> str:
    """The level's own name where all axes have the same."""
    (word, *others) = set(levels.values())
    return otherwise if others else word


DESIGNS: dict[str, Callable[[Mapping[str, Sequence[str]]], Iterator[tuple[str, Levels]]]] = {
    "full": _full,
    "one_by_one": _one_by_one,
}
