"""The proof that every structure of the catalog trains on every task it has a loss for: `make proof` fills its table.

`python -m harness.proof [--check]` trains what the table lacks or what other code made, and can be stopped anywhere.
"""

from __future__ import annotations

import argparse
import heapq
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from harness.ledger.canonical import Json, digest
from harness.ledger.code import kinds_of, module_hash, source_hash
from harness.ledger.files import read_json, write_json
from harness.tasks.registry import TASK, build_task, fill_task, task_kinds, task_records
from harness.tasks.task import Task

TABLE = Path(__file__).parents[1] / "tests" / "proof.json"
STEPS = 8
SECONDS_BETWEEN_WRITES = 10.0
# images and texts do not read each other; slots cannot be counted where padding stands in the middle
REASONS = ("needs one that reads tokens", "needs one that reads images", "a padded prefix leaves a gap")

# by structure: {"entry": its first entry, "tasks": {task: code, or {"code": code, "refused" or "fault": why}}}
Rows = dict[str, Json]


@dataclass(frozen=True)
class Structure:
    """A distinct tiny structure, and the first entry that has it."""

    id: str
    entry: str
    spec: Json

    @property
    def stack(self) -> str:
        """encoder, decoder or encoder_decoder."""
        return "_".join(name for name in ("encoder", "decoder") if self.spec[name])

    @property
    def tasks(self) -> list[str]:
        """The kinds of task that have an exact loss for its stack."""
        return [kind for kind in task_kinds() if self.stack in TASK.kinds[kind].stacks]


@cache
def structures() -> tuple[Structure, ...]:
    """Every distinct structure of the catalog; loads torch."""
    from catalog import Catalog, resolve, spec_hash
    from variants import shrink

    found: dict[str, Structure] = {}
    catalog = Catalog()
    for entry in sorted(catalog.sources):
        if catalog.entry(entry).stacks != "none":
            spec = shrink(resolve(entry))
            found.setdefault(spec_hash(spec), Structure(spec_hash(spec), entry, spec))
    return tuple(found.values())


def covering(found: tuple[Structure, ...], rows: Mapping[str, Json]) -> dict[str, list[str]]:
    """For each structure the tasks it is trained on, so that every task meets every kind of part that it can meet.

    Greedy, the pair that brings most first; a structure that brings nothing new trains on one task all the same.
    Pairs that the table holds as refused are left out.
    """
    refused = refusals(rows)
    tasks = {each.id: [task for task in each.tasks if (each.entry, task) not in refused] for each in found}
    kinds = {each.id: kinds_of(each.spec) for each in found}
    offers = {(name, task): {(task, kind) for kind in kinds[name]} for name in tasks for task in tasks[name]}
    chosen: dict[str, list[str]] = {each.id: [] for each in found}
    left = set().union(*offers.values())
    queue = [(-len(offer), *pair) for pair, offer in offers.items()]
    heapq.heapify(queue)
    while left:
        _, structure, task = heapq.heappop(queue)
        gain = len(offers[structure, task] & left)
        # what a pair brings only shrinks: the first one whose count still holds brings most
        if queue and gain < -queue[0][0]:
            heapq.heappush(queue, (-gain, structure, task))
            continue
        left -= offers[structure, task]
        chosen[structure].append(task)
    for place, each in enumerate(found):
        if not chosen[each.id]:
            chosen[each.id].append(tasks[each.id][place % len(tasks[each.id])])
    return chosen


@cache
def tiny(kind: str) -> Task:
    """A task of a kind with its options for tests."""
    return build_task(_block(kind))


def outdated(rows: Mapping[str, Json]) -> list[tuple[Structure, str]]:
    """The pairs that the table lacks, or holds for other code, or with a fault."""
    return [
        (each, task)
        for each in structures()
        for task in each.tasks
        if _code_in((rows.get(each.id) or {"tasks": {}})["tasks"].get(task)) != code_of(each, task)
    ]


def is_expected(found: str | Json) -> bool:
    """Whether a pair trains, or is refused for a reason that is no fault."""
    return isinstance(found, str) or any(reason in found.get("refused", "") for reason in REASONS)


def faults(rows: Mapping[str, Json]) -> list[str]:
    """What does not train, one sentence each."""
    return [f"{row['entry']} on {task}: {found['fault']}" for row, task, found in _noted(rows) if "fault" in found]


def refusals(rows: Mapping[str, Json]) -> dict[tuple[str, str], str]:
    """Why a model does not read a task, by entry and task."""
    return {(row["entry"], task): found["refused"] for row, task, found in _noted(rows) if "refused" in found}


def prove(each: Structure, kind: str) -> str | Json:
    """The pair's place in the table, after training it."""
    from harness.train.drill import fault_of

    code = code_of(each, kind)
    try:
        spec = tiny(kind).adapt(each.spec)
        found = fault_of(tiny(kind).for_model(spec), spec, STEPS)
    except ValueError as error:
        return {"code": code, "refused": str(error)}
    except RuntimeError as error:
        found = f"{type(error).__name__}: {error}"
    return code if found is None else {"code": code, "fault": found}


def code_of(each: Structure, kind: str) -> str:
    """Names the code that trains a pair, the pair's own options, and the drill with its settings."""
    return digest([_source(each), _source_of_task(kind), _drill(), STEPS])[:8]


def read_table() -> Rows:
    """The table as it was committed; empty where there is none."""
    rows: Rows = read_json(TABLE) if TABLE.exists() else {}
    return rows


def main(words: list[str] | None = None) -> int:
    """Train what is outdated, and say what does not train."""
    parser = argparse.ArgumentParser(prog="harness.proof")
    parser.add_argument("--check", action="store_true", help="only say what is outdated")
    check = parser.parse_args(words).check
    rows = read_table()
    todo = outdated(rows)
    if not check:
        _fill(rows, todo)
    total = sum(len(each.tasks) for each in structures())
    wrong = faults(rows)
    told = [*wrong, f"{total} pairs of {len(structures())} structures and {len(task_kinds())} tasks"]
    told.append(f"{len(todo)} {'outdated' if check else 'trained'}, {len(refusals(rows))} refused, {len(wrong)} faults")
    sys.stdout.write("\n".join(told) + "\n")
    return 1 if wrong or (check and todo) else 0


def _fill(rows: Rows, todo: list[tuple[Structure, str]]) -> None:
    import torch

    torch.set_num_threads(1)
    current = {each.id: each for each in structures()}
    for gone in set(rows) - set(current):
        rows.pop(gone)
    written = time.monotonic()
    for done, (each, task) in enumerate(todo, 1):
        rows.setdefault(each.id, {"tasks": {}})["tasks"][task] = prove(each, task)
        rows[each.id]["entry"] = each.entry
        if done == len(todo) or time.monotonic() - written > SECONDS_BETWEEN_WRITES:
            written = time.monotonic()
            write_json(TABLE, rows)
            sys.stderr.write(f"[{done}/{len(todo)}] {each.entry} on {task}\n")


def _noted(rows: Mapping[str, Json]) -> Iterator[tuple[Json, str, Json]]:
    for row in rows.values():
        yield from ((row, task, found) for task, found in row["tasks"].items() if isinstance(found, dict))


def _code_in(found: str | Json | None) -> str | None:
    """The code of a pair that needs no new try."""
    if isinstance(found, dict):
        return found["code"] if "refused" in found else None
    return found


@cache
def _block(kind: str) -> Json:
    return fill_task({"kind": kind, **task_records()["task"][kind].tiny})


@cache
def _drill() -> str:
    return module_hash("harness.train.drill")


@cache
def _source_of_task(kind: str) -> str:
    return digest([source_hash({"task": _block(kind)}), _block(kind)])


_sources: dict[str, str] = {}


def _source(each: Structure) -> str:
    if each.id not in _sources:
        _sources[each.id] = digest([source_hash({"model": each.spec}), each.id])
    return _sources[each.id]


if __name__ == "__main__":
    sys.exit(main())
