"""From a sweep file to a plan: every variant resolved, adapted to its task and resized to the budget, then hashed."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from catalog.errors import CatalogError, Fault, Faults
from catalog.located import mark_of
from harness.ledger.canonical import Json, digest
from harness.ledger.code import code_hash
from harness.records import FORMAT
from harness.sweepfile import SweepFile
from harness.sweeptable import Table, Variant
from harness.tasks.registry import build_task, fill_task
from harness.tasks.task import Task

TOLERANCE = 0.01


@dataclass(frozen=True)
class Tools:
    """What a plan needs of the other rooms.

    `flops` takes a spec, tokens and source tokens of one row, `code` a spec of model and task and the sort of device;
    `read` takes a spec and a batch's inputs, and refuses what the model cannot read; `certify` takes a spec and its
    entry, and returns what the certificate finds; `groups` tells what weight decay shrinks under a `train` map.
    """

    resolve: Callable[[str, str | None, Mapping[str, Any]], Json]
    fill_train: Callable[[Mapping[str, Any]], Json]
    resize: Callable[[Json, int, str], Json]
    count: Callable[[Json], Json]
    flops: Callable[[Json, int, int], int]
    fill_task: Callable[[Any], Json] = fill_task
    build_task: Callable[[Json], Task] = build_task
    code: Callable[[Json, str], str] = code_hash
    read: Callable[[Json, Mapping[str, Any]], None] = lambda spec, inputs: None
    certify: Callable[[Json, str], list[str]] = lambda spec, entry: []
    groups: Callable[[Json, Json], list[Json]] = lambda spec, train: []


def real_tools() -> Tools:
    """The tools of this project; loads torch."""
    from catalog import Catalog, resolve
    from harness.gate import faults_of
    from harness.train.build import groups_on_meta, read_on_meta
    from harness.train.options import fill
    from variants import count_parameters, resize, training_flops

    def certify(spec: Json, entry: str) -> list[str]:
        return faults_of(spec, Catalog().raw(entry).get("declares") or {})

    measured = (resize, count_parameters, training_flops)
    return Tools(resolve, fill, *measured, read=read_on_meta, certify=certify, groups=groups_on_meta)


def build_plan(sweep: SweepFile, device: str = "cpu", tools: Tools | None = None) -> Json:
    """The plan of a sweep: what `plan.json` holds. A pure function of the file, the code and the sort of device.

    Raises:
        CatalogError: an entry, setting, task or budget is wrong; all faults of the file at once.
    """
    tools, faults = tools or real_tools(), Faults()
    tables = [_Planning(table, device, tools, faults).record() for table in sweep.tables]
    faults.raise_any()
    codes = {f"{table['id']}/{name}": arm["code_hash"] for table in tables for name, arm in table["variants"].items()}
    plan = {
        "name": sweep.folder,
        "title": sweep.title,
        "preset": sweep.preset,
        "format": FORMAT,
        "code_hash": digest(codes)[:16],
        "tables": tables,
    }
    return {**plan, "plan_hash": digest(plan)[:16]}


class _Planning:
    """One table on its way into the plan; faults are noted under its path."""

    def __init__(self, table: Table, device: str, tools: Tools, faults: Faults) -> None:
        self.table, self.device, self.tools, self.faults = table, device, tools, faults
        self.path = f"tables.{table.id}"
        self.block: Json = {}
        self.train: Json = {}
        self.lengths: dict[str, tuple[int, int]] = {}
        self._counts: dict[str, Json] = {}

    def record(self) -> Json:
        task = self._task()
        self.train = self._train()
        if task is None or not self.train:
            return {"id": self.table.id, "variants": {}}
        specs = {variant.name: self._spec(variant, task) for variant in self.table.variants}
        ready = {name: spec for name, spec in specs.items() if spec is not None}
        if len(ready) < len(specs):
            return {"id": self.table.id, "variants": {}}
        read = [self._is_read(name, task, spec) for name, spec in ready.items()]
        if not all(read):
            return {"id": self.table.id, "variants": {}}
        self.lengths = {name: self._lengths_of(task, spec) for name, spec in ready.items()}
        target = self._target(ready)
        sized = {name: self._resized(name, spec, target) for name, spec in ready.items()}
        self._refuse_twins(sized)
        self._refuse_uncertified(sized)
        arms = {variant.name: self._arm(variant, sized[variant.name]) for variant in self.table.variants}
        return self._record(task, arms, target)

    def _record(self, task: Task, arms: dict[str, Json], target: int) -> Json:
        table = self.table
        residual = {name: self._residual(arm["spec"], target) for name, arm in arms.items()}
        return {
            "id": table.id,
            "title": table.title,
            "task": self.block,
            "data": task.digest(),
            "metric": task.metric,
            "baseline": table.baseline,
            "margin": table.margin,
            "alpha": table.alpha,
            "must_learn": table.must_learn,
            "budget": {"view": table.budget.view, "target": target, "residual": residual},
            "train": self.train,
            "learning_rates": list(table.learning_rates),
            "tuning_seeds": list(table.tuning_seeds),
            "reporting_seeds": list(table.reporting_seeds),
            "arms": list(arms),
            "variants": arms,
            "trivial": task.trivial(),
        }

    def _task(self) -> Task | None:
        try:
            self.block = self.tools.fill_task(self.table.task)
            return self.tools.build_task(self.block)
        except (CatalogError, ValueError) as error:
            self._note(error, "", self.table.task)
            return None

    def _train(self) -> Json:
        given = self.table.train
        if "learning_rate" in given:
            where = mark_of(given, "learning_rate")
            self.faults.add(where, f"{self.path}.train.learning_rate", "is not given here; list it in learning_rates")
            return {}
        try:
            # with the marks of `given`, so that a fault names its line
            filled = self.tools.fill_train(_with(given, "learning_rate", self.table.learning_rates[0]))
        except (CatalogError, ValueError) as error:
            self._note(error, "", given)
            return {}
        return {name: value for name, value in filled.items() if name != "learning_rate"}

    def _is_read(self, name: str, task: Task, spec: Json) -> bool:
        """Whether the model can be built and reads a row of the task; without this, each of its runs would fail."""
        try:
            self.tools.read(spec, task.for_model(spec).batch(0, 1, 1).inputs)
        except ValueError as error:
            self._note(error, f"variants.{name}", self.table.size)
            return False
        return True

    def _lengths_of(self, task: Task, spec: Json) -> tuple[int, int]:
        """Tokens and source tokens that the model reads in a row of the first batch, padding included."""
        inputs = task.for_model(spec).batch(0, 1, self.train["batch_size"]).inputs
        source = inputs["source"].shape[1] if "source" in inputs else 0
        return int(inputs["tokens"].shape[1]), int(source)

    def _spec(self, variant: Variant, task: Task) -> Json | None:
        overrides = {**self.table.size, **variant.settings}
        wanted = {path: value for path, value in overrides.items() if value is not None}
        try:
            return task.adapt(self.tools.resolve(variant.entry, variant.size, wanted))
        except (CatalogError, ValueError) as error:
            self._note(error, f"variants.{variant.name}", variant.settings)
            return None

    def _target(self, specs: dict[str, Json]) -> int:
        match = self.table.budget.match
        return self._amount(specs[match]) if isinstance(match, str) else match

    def _amount(self, spec: Json) -> int:
        measures: dict[str, Callable[[], int]] = {
            "non_embedding_params": lambda: int(self._count(spec)["non_embedding"]),
            "flops": lambda: self.tools.flops(spec, spec["context_length"], _source_length(spec)),
            # all arms read the same rows, whatever their number of tokens comes to
            "tokens": lambda: int(self.train["batch_size"] * self.train["steps"]),
        }
        return measures[self.table.budget.view]()

    def _count(self, spec: Json) -> Json:
        key = digest(spec)
        if key not in self._counts:
            self._counts[key] = self.tools.count(spec)
        return self._counts[key]

    def _resized(self, name: str, spec: Json, target: int) -> Json:
        view = self.table.budget.view
        if view == "tokens" or self._amount(spec) == target:
            return spec
        try:
            sized = self.tools.resize(copy.deepcopy(spec), target, view)
        except ValueError as error:
            self._note(error, f"variants.{name}", self.table.size)
            return spec
        if abs(self._residual(sized, target)) > TOLERANCE:
            found = self._amount(sized)
            message = f"no width meets the budget of {target:,} {view} within 1 %; the nearest is {found:,}"
            self.faults.add(mark_of(self.table.size), f"{self.path}.variants.{name}", message)
        return sized

    def _residual(self, spec: Json, target: int) -> float:
        return self._amount(spec) / target - 1

    def _refuse_twins(self, specs: dict[str, Json]) -> None:
        seen: dict[str, str] = {}
        for name, spec in specs.items():
            twin = seen.setdefault(digest(spec), name)
            if twin != name:
                message = f"is the same model as {twin!r}; remove one, the baseline's own rival (a/a) comes by itself"
                self.faults.add(mark_of(self.table.size), f"{self.path}.variants.{name}", message)

    def _refuse_uncertified(self, specs: dict[str, Json]) -> None:
        for variant in self.table.variants:
            for fault in self.tools.certify(specs[variant.name], variant.entry):
                where = mark_of(variant.settings) or mark_of(self.table.size)
                field = f"{self.path}.variants.{variant.name}"
                self.faults.add(where, field, f"does not pass the certificate, and is not compared: {fault}")

    def _arm(self, variant: Variant, spec: Json) -> Json:
        counts, lengths = self._count(spec), self.lengths[variant.name]
        return {
            "entry": variant.entry,
            "size": variant.size,
            "overrides": dict(variant.settings),
            **({"levels": dict(variant.levels)} if variant.levels else {}),
            "spec": spec,
            "parameters": {name: counts[name] for name in ("total", "embedding", "non_embedding")},
            "tokens_per_step": self.train["batch_size"] * sum(lengths),
            "flops_per_token": round(self.tools.flops(spec, *lengths) / sum(lengths)),
            "optimizer": self.tools.groups(spec, self.train),
            "code_hash": self.tools.code({"model": spec, "task": self.block}, self.device),
        }

    def _note(self, error: CatalogError | ValueError, path: str, holder: Any) -> None:
        """Note what another room refused, under this table's path."""
        prefix = f"{self.path}.{path}: " if path else f"{self.path}."
        if isinstance(error, CatalogError):
            for fault in error.faults:
                self.faults.found[(id(fault),)] = Fault(**{**vars(fault), "field": f"{prefix}{fault.field}"})
            return
        where = mark_of(holder)
        for line in str(error).splitlines():
            self.faults.add(where, "", f"{prefix}{line}")


def _source_length(spec: Json) -> int:
    return int(spec["context_length"]) if spec["encoder"] and spec["decoder"] else 0


def _with(given: Mapping[str, Any], key: str, value: Any) -> Mapping[str, Any]:
    changed = copy.copy(given)
    changed[key] = value  # type: ignore[index]
    return changed
