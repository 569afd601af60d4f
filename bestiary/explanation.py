"""The sweep that explains one entry by another: from the first to the second, a change at a time, and each left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bestiary.comparison_file import Question, chosen, document_of, models_of, refuse_unfit, task_block, variants_of

if TYPE_CHECKING:
    from harness.sweepfile import SweepFile


def explanation_of(question: Question) -> SweepFile:
    """The sweep whose arms lead from the first entry to the second.

    Raises:
        CatalogError: an entry, the task, the preset or a setting is wrong.
        ValueError: there are not two entries, they have not one shape, or nothing differs at equal size.
    """
    from harness.sweepfile import assemble
    from harness.tasks.registry import fill_task

    if len(question.entries) != 2 or len(set(question.entries)) < 2:
        raise ValueError(f"explain: needs two entries, each once (got {', '.join(question.entries)})")
    block, models = fill_task(task_block(question.terms)), models_of(question.entries)
    refuse_unfit(question.verb, block["kind"], models)
    document = document_of(question, block)
    draft = assemble(document, question.terms.preset, question.settings).tables[0]
    size = {entry: variant["set"] for entry, variant in variants_of(models, draft).items()}
    table = document["tables"][question.terms.task]
    del table["variants"]
    start, end = question.entries
    document["title"] = table["title"] = f"From {start} to {end} on {question.terms.task.replace('_', ' ')}"
    table |= {"grid": {"entry": start, "axes": axes_of(size), "rows": "one_by_one"}, "size": size[start]}
    return assemble(document, question.terms.preset, {**chosen(question.terms, draft), **question.settings})


def axes_of(size: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """An axis for each part that differs between two entries at equal size: as the first has it, and the second."""
    from catalog import resolve
    from catalog.changes import changes

    wanted = {entry: {path: value for path, value in each.items() if value is not None} for entry, each in size.items()}
    start, end = size
    before, after = (resolve(entry, None, each) for entry, each in wanted.items())
    try:
        found = changes(before, after, set(wanted[start]))
    except ValueError as error:
        raise ValueError(f"explain: {start} and {end} have no parts to exchange one by one: {error}") from None
    if not found:
        raise ValueError(f"explain: {start} and {end} have the same parts at equal size; there is nothing to explain")
    return {part: {start: {}, end: overrides} for part, overrides in found.items()}
