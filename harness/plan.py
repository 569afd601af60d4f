"""From a sweep file to a plan: every variant resolved, adapted to its task and resized to the budget, then hashed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from catalog.errors import CatalogError, Fault, Faults
from catalog.located import mark_of
from harness.budget import Measure, Rows, Seconds, Size, View, Widths, misses
from harness.init_from import Start, start_of
from harness.ledger.canonical import Json, digest
from harness.pace import Paces, Timing, frozen_paces
from harness.plantools import Tools, at_rate, lengths_of, real_tools
from harness.records import FORMAT, first_run
from harness.sweepfile import SweepFile
from harness.sweeptable import Table, Variant
from harness.tasks.task import Side, Task


def build_plan(sweep: SweepFile, device: str = "cpu", tools: Tools | None = None, before: Json | None = None) -> Json:
    """The plan of a sweep: what `plan.json` holds. A pure function of the file, the code and the sort of device.

    A budget in seconds also needs what a step takes: that is measured here once, and then read from the plan `before`.

    Raises:
        CatalogError: an entry, setting, task or budget is wrong; all faults of the file at once.
    """
    tools, faults = tools or real_tools(), Faults()
    frozen = frozen_paces(before)
    tables = [_Planning(table, device, tools, faults, frozen).record() for table in sweep.tables]
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

    def __init__(
        self, table: Table, device: str, tools: Tools, faults: Faults, frozen: Mapping[str, Timing] | None = None
    ) -> None:
        self.table, self.device, self.tools, self.faults = table, device, tools, faults
        self.paces = Paces(tools.clock(device), device, frozen or {})
        self.path = f"tables.{table.id}"
        self.block: Json = {}
        self.train: Json = {}
        self.lengths: dict[str, tuple[int, int]] = {}
        self._counts: dict[str, Json] = {}
        self._heads: dict[str, Json | None] = {}
        self.notes: list[str] = []

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
        self.lengths = {name: lengths_of(task, spec, self.train["batch_size"]) for name, spec in ready.items()}
        view = self._views(list(ready.values()))[self.table.budget.view]
        given = {name: Size(spec, self.train["steps"]) for name, spec in ready.items()}
        match = self.table.budget.match
        target = view.amount(given[match]) if isinstance(match, str) else match
        sized = {name: self._solved(name, size, view, target) for name, size in given.items()}
        starts = self._starts(sized, task)
        if starts is None:
            return {"id": self.table.id, "variants": {}}
        begun = {name: start.record for name, start in starts.items()}
        self._refuse_twins({name: [size.spec, begun.get(name)] for name, size in sized.items()})
        self._refuse_uncertified("", {name: size.spec for name, size in sized.items()})
        self._refuse_uncertified("its pretraining ", {name: start["model"] for name, start in begun.items()})
        arms = {each.name: self._arm(each, sized[each.name], starts.get(each.name)) for each in self.table.variants}
        residual = {name: view.amount(size) / target - 1 for name, size in sized.items()}
        budget = {"view": self.table.budget.view, "target": target, "residual": residual}
        self.notes += filter(None, [view.note(sized)])
        return self._record(task, arms, {**budget, **({"calibration": used} if (used := self.paces.record()) else {})})

    def _record(self, task: Task, arms: dict[str, Json], budget: Json) -> Json:
        table = self.table
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
            "budget": budget,
            "train": self.train,
            "learning_rates": list(table.learning_rates),
            "tuning_seeds": list(table.tuning_seeds),
            "reporting_seeds": list(table.reporting_seeds),
            "arms": list(arms),
            "variants": arms,
            "trivial": task.trivial(),
            "notes": [*task.notes, *self.notes],
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
            filled = self.tools.fill_train(at_rate(given, self.table.learning_rates[0]))
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

    def _spec(self, variant: Variant, task: Task) -> Json | None:
        overrides = {**self.table.size, **variant.settings}
        wanted = {path: value for path, value in overrides.items() if value is not None}
        try:
            resolved = self.tools.resolve(variant.entry, variant.size, wanted)
            self._heads[variant.name] = resolved.get("head")
            return task.adapt(resolved)
        except (CatalogError, ValueError) as error:
            self._note(error, f"variants.{variant.name}", variant.settings)
            return None

    def _timed(self, spec: Json) -> Json:
        """The run by which a model's steps are timed."""
        return first_run(self.block, spec, {**self.train, "learning_rate": self.table.learning_rates[0]})

    def _views(self, specs: list[Json]) -> dict[str, View]:
        measures: dict[str, Measure] = {
            "non_embedding_params": lambda spec: int(self._count(spec)["non_embedding"]),
            "flops": lambda spec: self.tools.flops(spec, spec["context_length"], _source_length(spec)),
            "memory": lambda spec: self.tools.memory(spec, self.block, self.train),
        }
        widths = {name: Widths(name, measure, self.tools.resize) for name, measure in measures.items()}

        def pace(spec: Json) -> Timing:
            self.paces.together([self._timed(each) for each in specs])
            return self.paces(self._timed(spec))

        return {**widths, "tokens": Rows(self.train["batch_size"]), "seconds": Seconds(pace)}

    def _count(self, spec: Json) -> Json:
        key = digest(spec)
        if key not in self._counts:
            self._counts[key] = self.tools.count(spec)
        return self._counts[key]

    def _solved(self, name: str, size: Size, view: View, target: float) -> Size:
        if view.amount(size) == target:
            return size
        try:
            solved = view.solve(size, target)
        except ValueError as error:
            self._note(error, f"variants.{name}", self.table.size)
            return size
        found = view.amount(solved)
        if misses(found / target - 1):
            told = f"{target:,} {self.table.budget.view} within 1 %; the nearest is {found:,}"
            message = f"no {view.means} meets the budget of {told}"
            self.faults.add(mark_of(self.table.size), f"{self.path}.variants.{name}", message)
        return solved

    def _starts(self, sized: dict[str, Size], task: Task) -> dict[str, Start] | None:
        """What variants are pretrained on, where they are; None when one of them cannot be."""
        found: dict[str, Start] = {}
        given = {each.name: each.init_from for each in self.table.variants if each.init_from is not None}
        for name, asked in given.items():
            variant = Side(sized[name].spec, task.token_ids)
            try:
                found[name] = start_of(asked, variant, self._heads[name], self.table.tuning_seeds, self.tools)
            except (CatalogError, ValueError) as error:
                self._note(error, f"variants.{name}", asked)
                continue
            self.notes.append(f"{name}: {found[name].note}")
        self._refuse_unequal({name: start.record["learning_rates"] for name, start in found.items()}, given)
        return found if len(found) == len(given) else None

    def _refuse_unequal(self, rates: dict[str, list[float]], given: Mapping[str, Any]) -> None:
        """Refuse that one variant's pretraining is tuned at other points than another's."""
        first = next(iter(rates), "")
        for name, tried in rates.items():
            if sorted(tried) != sorted(rates[first]):
                field = f"{self.path}.variants.{name}.init_from.learning_rates"
                told = f"are tuned at other points than {first!r}, which makes no fair comparison"
                allowed = f"{rates[first]}, as there"
                self.faults.add(mark_of(given[name], "learning_rates"), field, told, value=tried, allowed=allowed)

    def _refuse_twins(self, specs: dict[str, Any]) -> None:
        seen: dict[str, str] = {}
        for name, spec in specs.items():
            twin = seen.setdefault(digest(spec), name)
            if twin != name:
                message = f"is the same model as {twin!r}; remove one, the baseline's own rival (a/a) comes by itself"
                self.faults.add(mark_of(self.table.size), f"{self.path}.variants.{name}", message)

    def _refuse_uncertified(self, which: str, specs: dict[str, Json]) -> None:
        for variant in self.table.variants:
            if variant.name not in specs:
                continue
            for fault in self.tools.certify(specs[variant.name], variant.entry):
                where = mark_of(variant.settings) or mark_of(self.table.size)
                field = f"{self.path}.variants.{variant.name}"
                self.faults.add(where, field, f"{which}does not pass the certificate, and is not compared: {fault}")

    def _arm(self, variant: Variant, size: Size, start: Start | None) -> Json:
        spec = size.spec
        counts, lengths = self._count(spec), self.lengths[variant.name]
        return {
            "entry": variant.entry,
            "size": variant.size,
            "overrides": dict(variant.settings),
            **({"levels": dict(variant.levels)} if variant.levels else {}),
            "spec": spec,
            **({"init_from": start.record, "pretraining": start.cost} if start else {}),
            "steps": size.steps,
            "parameters": {name: counts[name] for name in ("total", "embedding", "non_embedding")},
            "tokens_per_step": self.train["batch_size"] * sum(lengths),
            "flops_per_token": round(self.tools.flops(spec, *lengths) / sum(lengths)),
            "optimizer": self.tools.groups(spec, self.train),
            "code_hash": self.tools.code({"model": spec, "task": self._tasks(start)}, self.device),
        }

    def _tasks(self, start: Start | None) -> Any:
        return [self.block, start.record["task"]] if start else self.block

    def _note(self, error: CatalogError | ValueError, path: str, holder: Any) -> None:
        """Note what another room refused, under this table's path."""
        prefix = f"{self.path}.{path}: " if path else f"{self.path}."
        if isinstance(error, CatalogError):
            for fault in error.faults:
                field = f"{prefix}{fault.field}".removesuffix(": ")
                self.faults.found[field, fault.message] = Fault(**{**vars(fault), "field": field})
            return
        where = mark_of(holder)
        for line in str(error).splitlines():
            self.faults.add(where, "", f"{prefix}{line}")


def _source_length(spec: Json) -> int:
    return int(spec["context_length"]) if spec["encoder"] and spec["decoder"] else 0
