"""The sweep that explains one entry by another: from the first to the second, a change at a time, and each left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bestiary.comparison_file import Question, document_of, settings_of, task_block, variants_of

if TYPE_CHECKING:
    from harness.sweepfile import SweepFile


def explanation_of(question: Question) -> SweepFile:
    """The sweep whose arms lead from the first entry to the second.

    Raises:
        CatalogError: an entry, the task, the preset or a setting is wrong.
        ValueError: there are not two entries, they do not have one shape, or nothing differs.
    """
    from harness.sweepfile import assemble
    from harness.tasks.registry import fill_task

    if len(set(question.entries)) != 2 or len(question.entries) != 2:
        raise ValueError(f"explain: needs two entries, each once (got {', '.join(question.entries)})")
    block = fill_task(task_block(question))
    document = document_of(question, block)
    draft = assemble(document, question.preset, dict(question.settings))
    table = document["tables"][question.task]
    table.pop("variants")
    start, _ = question.entries
    axes, settings = _axes(question, draft.tables[0])
    table |= {"grid": {"entry": start, "axes": axes, "rows": "one_by_one"}, "size": settings}
    return assemble(document, question.preset, {**settings_of(question, draft.tables[0]), **question.settings})


def named(question: Question) -> Question:
    return replace(question, verb="explain")


def _axes(question: Question, table: Any) -> tuple[dict[str, Any], Mapping[str, Any]]:
    """An axis for each part that differs, and the settings that bring the first entry to the table's size."""
    from bestiary.comparison_file import models_of
    from catalog import resolve
    from catalog.changes import changes

    start, end = question.entries
    models = models_of(question.entries)
    size = {name: _set(variant["set"]) for name, variant in variants_of(models, table).items()}
    specs = [resolve(entry, None, size[entry]) for entry in (start, end)]
    try:
        found = changes(*specs, dimensions=set(size[start]))
    except ValueError as error:
        raise ValueError(f"explain: {start} and {end} have no parts to exchange one by one: {error}") from None
    if not found:
        raise ValueError(f"explain: {start} and {end} have the same parts at equal size; nothing is left to explain")
    return {name: {start: {}, end: overrides} for name, overrides in found.items()}, size[start]


def _set(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {path: value for path, value in settings.items() if value is not None}
