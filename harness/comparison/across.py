"""What several tables of a sweep say together: the same arms on several tasks, and on several sizes of one task."""

import json
from collections.abc import Iterator, Sequence

from harness.comparison.ladder import ladder_record
from harness.comparison.results import Json
from harness.comparison.tasks import tasks_record
from harness.statistics.scaling import FEWEST_SIZES

Pair = tuple[Json, Json]  # a table of the plan and its comparison


def across_tables(plan: Json, tables: Sequence[Json]) -> Json:
    """`tasks`: one record a set of arms that several tasks share; `ladders`: one a task at four sizes or more."""
    groups = list(_groups(list(zip(plan["tables"], tables, strict=True))))
    ladders = [ladder for group in groups for ladder in _by_task(group) if len(ladder) >= FEWEST_SIZES]
    several = [largest for group in groups if len(largest := [sizes[-1] for sizes in _by_task(group)]) > 1]
    return {"tasks": [tasks_record(group) for group in several], "ladders": [ladder_record(each) for each in ladders]}


def _groups(pairs: list[Pair]) -> Iterator[list[Pair]]:
    """Tables with the same arms and the same baseline, in the plan's order."""
    found: dict[tuple[str, ...], list[Pair]] = {}
    for plan_table, table in pairs:
        key = (plan_table["baseline"], *sorted(plan_table["variants"]))
        found.setdefault(key, []).append((plan_table, table))
    return (group for group in found.values() if len(group) > 1)


def _by_task(group: list[Pair]) -> list[list[Pair]]:
    """The group's tables of each task, smallest budget first; of equal budgets only the first."""
    found: dict[str, dict[int, Pair]] = {}
    for plan_table, table in group:
        sizes = found.setdefault(task_key(plan_table), {})
        sizes.setdefault(plan_table["budget"]["target"], (plan_table, table))
    return [[sizes[target] for target in sorted(sizes)] for sizes in found.values()]


def task_key(plan_table: Json) -> str:
    return json.dumps([plan_table["task"], plan_table["budget"]["view"]], sort_keys=True)
