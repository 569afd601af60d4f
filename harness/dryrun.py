"""What a plan would take: runs, tokens, FLOPs, mismatch and, when measured, time and memory; writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from harness.ledger.canonical import Json, digest
from harness.pace import Clock, Paces, Timing, frozen_paces
from harness.records import first_run, reporting_runs, total_runs, tuning_runs

Pace = Callable[[Json], Timing]
TrainingBytes = Callable[[Json, Json, Json], int]
# what an arm has of each view of the budget, in one run
VIEWS = ("non_embedding_params", "flops", "tokens", "seconds", "memory")


def estimate(
    plan: Json,
    pace: Pace | None = None,
    workers: int = 1,
    training_bytes: TrainingBytes | None = None,
) -> Json:
    """The plan in numbers; with `pace`, which takes a run's spec, also `seconds` on `workers` workers.

    `training_bytes` takes a spec, a task and a `train` map.
    """
    made: set[Any] = set()
    tables = [_table(table, pace, training_bytes, made) for table in plan["tables"]]
    total = {key: sum(table[key] for table in tables) for key in ("runs", "tokens", "flops")}
    known = [table["core_seconds"] for table in tables if table["core_seconds"] is not None]
    seconds = sum(known) / workers if known else None
    return {"name": plan["name"], "plan_hash": plan["plan_hash"], **total, "seconds": seconds, "tables": tables}


def paces_of(plan: Json, clock: Clock, device: str) -> Paces:
    """The timings of a plan's arms: those that it holds, and the rest measured now, a table's arms in turn."""
    paces = Paces(clock, device, frozen_paces(plan))
    for table in plan["tables"]:
        paces.together([tuning_runs(table, name)[0].spec for name in table["arms"]])
    return paces


def lines(found: Json) -> Iterator[str]:
    """The estimate as text."""
    for table in found["tables"]:
        yield (
            f"{table['title']} ({table['id']}): {table['runs']} runs, {_amount(table['tokens'])} tokens, "
            f"{_amount(table['flops'])} FLOPs; matched: {table['view']} ({_amount(table['target'])})"
        )
        yield from (f"  {note}" for note in table["notes"])
        baseline = table["variants"][table["baseline"]]["views"]
        for name, arm in table["variants"].items():
            yield (
                f"  {name}: {arm['residual']:+.2%} of the budget; {arm['non_embedding']:,} non-embedding parameters "
                f"of {arm['total']:,}, {_amount(arm['flops_per_token'])} FLOPs a token, {arm['steps']} steps"
            )
            yield f"    a run: {', '.join(_views(arm['views'], baseline))}"
            if arm["step_spread"] is not None:
                step = arm["views"]["seconds"] / arm["steps"]
                yield f"    a step: {1000 * step:.3g} ms, in rounds that lie {arm['step_spread']:.1%} apart"
            yield from (f"    {_pretrained(start)}" for start in (arm["pretraining"],) if start)
            yield from (f"    {_group(group)}" for group in arm["optimizer"])
    time = "" if found["seconds"] is None else f", about {found['seconds'] / 60:.1f} minutes of training"
    yield f"in all {found['runs']} runs, {_amount(found['tokens'])} tokens, {_amount(found['flops'])} FLOPs{time}"


def _table(table: Json, pace: Pace | None, training_bytes: TrainingBytes | None, made: set[Any]) -> Json:
    arms = {
        name: _arm(table, name, pace, training_bytes) | {"pretraining": _pretraining(table, name, pace, made)}
        for name in table["arms"]
    }
    runs = {name: _runs(table, name) for name in arms}
    starts = [arm["pretraining"] for arm in arms.values() if arm["pretraining"]]
    tokens = {name: runs[name] * arm["views"]["tokens"] for name, arm in arms.items()}
    seconds = [runs[name] * (arm["views"]["seconds"] or 0.0) for name, arm in arms.items()]
    seconds += [start["seconds"] or 0.0 for start in starts]
    return {
        "id": table["id"],
        "title": table["title"],
        "notes": table.get("notes", []),
        "view": table["budget"]["view"],
        "target": table["budget"]["target"],
        "baseline": table["baseline"],
        "runs": total_runs(table),
        "tokens": sum(tokens.values()) + sum(start["tokens"] for start in starts),
        "flops": sum(tokens[name] * arm["flops_per_token"] for name, arm in arms.items())
        + sum(start["flops"] for start in starts),
        "core_seconds": sum(seconds) if pace else None,
        "variants": arms,
    }


def _arm(table: Json, name: str, pace: Pace | None, training_bytes: TrainingBytes | None) -> Json:
    arm = table["variants"][name]
    train = {**table["train"], "steps": arm["steps"]}
    tokens = arm["steps"] * arm["tokens_per_step"]
    step = pace(tuning_runs(table, name)[0].spec) if pace else None
    amounts = (
        arm["parameters"]["non_embedding"],
        tokens * arm["flops_per_token"],
        tokens,
        None if step is None else step.seconds * arm["steps"],
        training_bytes(arm["spec"], table["task"], train) if training_bytes else None,
    )
    return {
        "total": arm["parameters"]["total"],
        "non_embedding": arm["parameters"]["non_embedding"],
        "residual": table["budget"]["residual"][name],
        "flops_per_token": arm["flops_per_token"],
        "steps": arm["steps"],
        "step_spread": None if step is None else step.spread,
        "views": dict(zip(VIEWS, amounts, strict=True)),
        "optimizer": arm.get("optimizer", []),
    }


def _pretraining(table: Json, name: str, pace: Pace | None, made: set[Any]) -> Json | None:
    """What an arm's pretraining takes beyond that of arms before it; `made` names what these have made."""
    arm = table["variants"][name]
    if "init_from" not in arm:
        return None
    start, one = arm["init_from"], arm["pretraining"]
    key = digest(start)
    wanted = {(key, rate, seed, "") for rate in start["learning_rates"] for seed in start["tuning_seeds"]}
    wanted |= {(key, "best", run.seed, run.spec["salt"]) for run in reporting_runs(table, name, 1.0)}
    count = len(wanted - made)
    made |= wanted
    train = {**start["train"], "learning_rate": start["learning_rates"][0]}
    step = pace(first_run(start["task"], start["model"], train)).seconds if pace and count else 0.0
    seconds = count * step * train["steps"] if pace else None
    return {"trainings": count, "tokens": count * one["tokens"], "flops": count * one["flops"], "seconds": seconds}


def _runs(table: Json, name: str) -> int:
    twice = 2 if name == table["baseline"] else 1
    tuning = len(table["learning_rates"]) * len(table["tuning_seeds"])
    return tuning + twice * len(table["reporting_seeds"])


def _views(views: Json, baseline: Json) -> Iterator[str]:
    """Each view that is known, with how far it is from the baseline's."""
    units = {"flops": "FLOPs", "tokens": "tokens", "seconds": "s", "memory": "bytes of memory"}
    for view, unit in units.items():
        if views[view] is not None:
            away = f" ({views[view] / baseline[view] - 1:+.1%})" if baseline[view] else ""
            yield f"{_amount(views[view])} {unit}{away}"


def _pretrained(start: Json) -> str:
    time = "" if start["seconds"] is None else f", {_amount(start['seconds'])} s"
    took = f"{_amount(start['tokens'])} tokens, {_amount(start['flops'])} FLOPs{time}"
    return f"pretraining, shared by its runs: {start['trainings']} trainings, {took}"


def _group(group: Json) -> str:
    roles = ", ".join(f"{role} {count['parameters']:,}" for role, count in group["roles"].items())
    return f"{group['optimizer']}, weight decay {group['weight_decay']:g}: {roles}"


def _amount(number: float) -> str:
    for unit, size in (("P", 1e15), ("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if number >= size:
            return f"{number / size:.3g} {unit}"
    return f"{number:.3g}"
