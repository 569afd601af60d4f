"""The sweep that `bestiary compare` makes: one table of the entries named, everything else from comparisons.yaml."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bestiary.scale import all_numbers, scaled_settings

if TYPE_CHECKING:
    from bestiary.options import Terms
    from harness.sweepfile import SweepFile
    from harness.sweeptable import Table

DEFAULTS = Path(__file__).with_name("comparisons.yaml")
SCALED = ("d_model", "n_layers")  # the size that every entry is scaled to


@dataclass(frozen=True)
class Question:
    """What a person wants compared: the first of the entries with the others, or the first and second explained."""

    verb: str
    entries: Sequence[str]
    terms: Terms

    @property
    def name(self) -> str:
        """The sweep's name in the ledger: the same question has the same one."""
        data = self.terms.data
        words = [self.terms.task, *([Path(data).stem] if data else []), *self.entries]
        return "-".join([self.verb, *(re.sub(r"[^A-Za-z0-9._]+", "-", word) for word in words)])[:120]

    @cached_property
    def settings(self) -> dict[str, Any]:
        """The values that a person set, by dotted path."""
        from harness.sweepfile import parse_setting

        return dict(parse_setting(text) for text in self.terms.settings or ())


def command_of(question: Question, table: Table) -> list[str]:
    """The command line that asks the question again, from any folder; own parts and entries are for others to add."""
    terms = question.terms
    data = table.task.get("data") if terms.data else None
    flags = {"data": data, "preset": terms.preset, "seeds": terms.seeds, "trials": terms.trials}
    asked = [f"--{name}={value}" for name, value in flags.items() if value is not None]
    sets = [f"--set={text}" for text in terms.settings or ()]
    return [question.verb, *question.entries, f"--task={terms.task}", *asked, *sets]


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
    block = fill_task(task_block(question.terms))
    models = models_of(question.entries)
    refuse_unfit(question.verb, block["kind"], models)
    document = document_of(question, block)
    draft = assemble(document, question.terms.preset, question.settings)
    settings = {**chosen(question.terms, draft.tables[0]), **question.settings}
    document["tables"][question.terms.task] |= {
        "variants": variants_of(models, draft.tables[0]),
        "budget": {"match": coarsest(models)},
    }
    return assemble(document, question.terms.preset, settings)


def refuse_unfit(verb: str, task: str, models: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse entries whose stack the task has no exact loss for, with the tasks that all of them can learn."""
    from harness.tasks.registry import TASK, task_kinds
    from harness.tasks.stack import stack_of

    stacks = {entry: stack_of(model) for entry, model in models.items()}
    allowed = TASK.kinds[task].stacks
    unfit = [f"{entry} ({stack})" for entry, stack in stacks.items() if stack not in allowed]
    if unfit:
        shared = [kind for kind in task_kinds() if TASK.kinds[kind].stacks >= set(stacks.values())]
        raise ValueError(
            f"{verb}: {task} has no exact loss for {', '.join(unfit)} (allowed: {', '.join(sorted(allowed))}); "
            f"tasks for all of these entries: {', '.join(shared)}"
        )


def task_block(terms: Terms) -> dict[str, Any]:
    """The task; a file is named by its whole path, so that the command works from any folder again."""
    from harness.datasets.address import whole

    return {"kind": terms.task} if terms.data is None else {"kind": terms.task, "data": whole(terms.data)}


def document_of(question: Question, block: Mapping[str, Any]) -> dict[str, Any]:
    """The defaults with the one table in question."""
    from catalog.yaml_loader import load_file

    # without its lines: what is wrong was asked for, and does not stand in the file of defaults
    defaults = json.loads(json.dumps(load_file(DEFAULTS)))
    task = question.terms.task
    own = defaults["tables"].get(task) or {}
    title = f"{', '.join(question.entries)} on {task.replace('_', ' ')}"
    table = {**own, "title": title, "task": dict(block), "variants": list(question.entries)}
    return {**defaults, "name": question.name, "title": title, "tables": {task: table}}


def chosen(terms: Terms, table: Table) -> dict[str, Any]:
    """The settings that stand for `--seeds` and `--trials`."""
    settings: dict[str, Any] = {}
    if terms.seeds:
        settings["reporting_seeds"] = list(range(terms.seeds))
    if terms.trials:
        settings["learning_rates"] = spread(min(table.learning_rates), max(table.learning_rates), terms.trials)
    return settings


def spread(low: float, high: float, points: int) -> list[float]:
    """Rates from low to high in equal ratios, with two digits; one point is the middle."""
    if points == 1:
        return [float(f"{math.sqrt(low * high):.1e}")]
    return [float(f"{low * (high / low) ** (place / (points - 1)):.1e}") for place in range(points)]


def models_of(entries: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    """The model of each entry, whose published size does not matter here."""
    from catalog.entries import Catalog, sized_model

    if sized := [entry for entry in entries if "@" in entry]:
        raise ValueError(f"{sized[0]}: all entries are brought to one size; give {sized[0].partition('@')[0]}")
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
