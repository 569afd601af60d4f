"""The sweep that `bestiary compare` makes: one table of the entries named, everything else from comparisons.yaml."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bestiary.scale import all_numbers, scaled_settings

if TYPE_CHECKING:
    from harness.sweepfile import SweepFile
    from harness.sweeptable import Table

DEFAULTS = Path(__file__).with_name("comparisons.yaml")
SCALED = ("d_model", "n_layers")  # the size that every entry is scaled to


@dataclass(frozen=True, kw_only=True)
class Question:
    """What a person wants compared; `seeds` and `trials` None leave the preset's own."""

    verb: str = "compare"
    entries: Sequence[str]
    task: str
    data: str | None = None
    preset: str | None = None
    seeds: int | None = None
    trials: int | None = None
    settings: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The sweep's name in the ledger: the same question has the same one."""
        words = [self.task, *([Path(self.data).stem] if self.data else []), *self.entries]
        return "-".join([self.verb, *(re.sub(r"[^A-Za-z0-9._]+", "-", word) for word in words)])[:120]


def command_of(question: Question, table: Table, settings: Sequence[str], keep: str) -> list[str]:
    """The command line that asks the question again, from any folder; own parts and entries are for others to add."""
    flags = {
        "data": table.task.get("data") if question.data else None,
        "preset": question.preset,
        "seeds": question.seeds,
        "trials": question.trials,
        "keep": keep if keep != "last" else None,
    }
    asked = [f"--{name}={value}" for name, value in flags.items() if value is not None]
    return [
        question.verb,
        *question.entries,
        f"--task={question.task}",
        *asked,
        *(f"--set={text}" for text in settings),
    ]


def sweep_of(question: Question) -> SweepFile:
    """The sweep that answers a question.

    Raises:
        CatalogError: an entry, the task, the preset or a setting is wrong.
        ValueError: there are not two entries to compare, or the task has no exact loss for one of them.
    """
    from harness.sweepfile import assemble
    from harness.tasks.registry import fill_task

    if len(set(question.entries)) < max(2, len(question.entries)):
        got = ", ".join(question.entries) or "none"
        raise ValueError(f"compare: needs two entries or more, each once (got {got}; `bestiary list` shows them)")
    block = fill_task(task_block(question))
    models = models_of(question.entries)
    refuse_unfit(block["kind"], models)
    document = document_of(question, block)
    draft = assemble(document, question.preset, dict(question.settings))
    settings = {**chosen(question, draft.tables[0]), **question.settings}
    document["tables"][question.task] |= {
        "variants": variants_of(models, draft.tables[0]),
        "budget": {"match": coarsest(models)},
    }
    return assemble(document, question.preset, settings)


def refuse_unfit(task: str, models: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse entries whose stack the task has no exact loss for, with the tasks that all of them can learn."""
    from harness.tasks.registry import TASK, task_kinds
    from harness.tasks.stack import stack_of

    stacks = {entry: stack_of(model) for entry, model in models.items()}
    allowed = TASK.kinds[task].stacks
    unfit = [f"{entry} ({stack})" for entry, stack in stacks.items() if stack not in allowed]
    if unfit:
        shared = [kind for kind in task_kinds() if TASK.kinds[kind].stacks >= set(stacks.values())]
        raise ValueError(
            f"compare: {task} has no exact loss for {', '.join(unfit)} (allowed: {', '.join(sorted(allowed))}); "
            f"tasks for all of these entries: {', '.join(shared)}"
        )


def task_block(question: Question) -> dict[str, Any]:
    """The task; a file is named by its whole path, so that the command works from any folder again."""
    from harness.datasets.address import whole

    return {"kind": question.task} if question.data is None else {"kind": question.task, "data": whole(question.data)}


def document_of(question: Question, block: Mapping[str, Any]) -> dict[str, Any]:
    """The defaults with the one table in question."""
    from catalog.yaml_loader import load_file

    defaults = load_file(DEFAULTS)
    own = defaults["tables"].get(question.task) or {}
    title = f"{', '.join(question.entries)} on {question.task.replace('_', ' ')}"
    table = {**own, "title": title, "task": dict(block), "variants": list(question.entries)}
    return {**defaults, "name": question.name, "title": title, "tables": {question.task: table}}


def chosen(question: Question, table: Table) -> dict[str, Any]:
    """The settings that stand for `--seeds` and `--trials`."""
    settings: dict[str, Any] = {}
    if question.seeds:
        settings["reporting_seeds"] = list(range(question.seeds))
    if question.trials:
        settings["learning_rates"] = spread(min(table.learning_rates), max(table.learning_rates), question.trials)
    return settings


def spread(low: float, high: float, points: int) -> list[float]:
    """Rates from low to high in equal ratios, with two digits; one point is the middle."""
    if points == 1:
        return [float(f"{math.sqrt(low * high):.1e}")]
    return [float(f"{low * (high / low) ** (place / (points - 1)):.1e}") for place in range(points)]


def models_of(entries: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    from catalog.entries import Catalog, sized_model

    catalog = Catalog()
    return {entry: sized_model(catalog.entry(entry), None) for entry in entries}


def variants_of(models: Mapping[str, Mapping[str, Any]], table: Table) -> dict[str, Any]:
    """Each entry scaled to the table's size; the scaled settings replace that size, so that none is inert.

    A dimension that a person set, such as `size.n_heads=8`, goes before the scaled one of that name in every stack.
    """
    width, n_layers = table.size["d_model"], table.size["n_layers"]
    own = {name: value for name, value in table.size.items() if name not in SCALED}
    return {
        entry: {"set": dict.fromkeys(SCALED) | with_own(scaled_settings(model, width, n_layers), own)}
        for entry, model in models.items()
    }


def with_own(settings: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """The settings with the values of `own` for its names in a stack, and free for the table's size outside one."""
    found = {}
    for path, value in settings.items():
        stack, _, name = path.rpartition(".")
        if name not in own:
            found[path] = value
        elif stack:
            found[path] = own[name]
    return found


def coarsest(models: Mapping[str, Mapping[str, Any]]) -> str:
    """The entry whose size all others are brought to: one without a d_ff, which can meet few sizes, or the first."""
    coarse = [entry for entry, model in models.items() if "d_ff" not in all_numbers(model)]
    return next(iter([*coarse, *models]))
