"""What a plan would take: runs, tokens, FLOPs, parameters, mismatch and, when calibrated, time; writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from harness.ledger.canonical import Json
from harness.records import total_runs, tuning_runs

SecondsPerStep = Callable[[Json], float]


def estimate(plan: Json, seconds_per_step: SecondsPerStep | None = None, workers: int = 1) -> Json:
    """The plan in numbers; with `seconds_per_step`, which takes a run's spec, also `seconds` on `workers` workers."""
    tables = [_table(table, seconds_per_step) for table in plan["tables"]]
    total = {key: sum(table[key] for table in tables) for key in ("runs", "tokens", "flops")}
    known = [table["core_seconds"] for table in tables if table["core_seconds"] is not None]
    seconds = sum(known) / workers if known else None
    return {"name": plan["name"], "plan_hash": plan["plan_hash"], **total, "seconds": seconds, "tables": tables}


def calibrated(device: str | None = None, steps: int = 5) -> SecondsPerStep:
    """Times a few training steps of a spec on this machine, with one thread as a worker has it."""
    from harness.train import Execution, calibrate

    def seconds(spec: Json) -> float:
        import torch

        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            return calibrate(spec, steps, Execution(device=device))
        finally:
            torch.set_num_threads(threads)

    return seconds


def lines(found: Json) -> Iterator[str]:
    """The estimate as text."""
    for table in found["tables"]:
        yield (
            f"{table['title']} ({table['id']}): {table['runs']} runs, {_amount(table['tokens'])} tokens, "
            f"{_amount(table['flops'])} FLOPs"
        )
        for name, arm in table["variants"].items():
            time = "" if arm["seconds_per_run"] is None else f", {arm['seconds_per_run']:.1f} s a run"
            yield (
                f"  {name}: {arm['non_embedding']:,} non-embedding parameters of {arm['total']:,} "
                f"({arm['residual']:+.2%} of the budget in {table['view']}), "
                f"{_amount(arm['flops_per_token'])} FLOPs a token{time}"
            )
            yield from (f"    {_group(group)}" for group in arm["optimizer"])
    time = "" if found["seconds"] is None else f", about {found['seconds'] / 60:.1f} minutes of training"
    yield f"in all {found['runs']} runs, {_amount(found['tokens'])} tokens, {_amount(found['flops'])} FLOPs{time}"


def _table(table: Json, seconds_per_step: SecondsPerStep | None) -> Json:
    arms = {name: _arm(table, name, seconds_per_step) for name in table["arms"]}
    steps = table["train"]["steps"]
    runs = {name: _runs(table, name) for name in arms}
    tokens = {name: runs[name] * steps * table["variants"][name]["tokens_per_step"] for name in arms}
    seconds = [runs[name] * (arm["seconds_per_run"] or 0.0) for name, arm in arms.items()]
    return {
        "id": table["id"],
        "title": table["title"],
        "view": table["budget"]["view"],
        "runs": total_runs(table),
        "tokens": sum(tokens.values()),
        "flops": sum(tokens[name] * arm["flops_per_token"] for name, arm in arms.items()),
        "core_seconds": sum(seconds) if seconds_per_step else None,
        "variants": arms,
    }


def _arm(table: Json, name: str, seconds_per_step: SecondsPerStep | None) -> Json:
    variant: Mapping[str, Json] = table["variants"][name]
    seconds = seconds_per_step(tuning_runs(table, name)[0].spec) if seconds_per_step else None
    return {
        "total": variant["parameters"]["total"],
        "non_embedding": variant["parameters"]["non_embedding"],
        "residual": table["budget"]["residual"][name],
        "optimizer": variant.get("optimizer", []),
        "flops_per_token": variant["flops_per_token"],
        "seconds_per_run": None if seconds is None else seconds * table["train"]["steps"],
    }


def _runs(table: Json, name: str) -> int:
    twice = 2 if name == table["baseline"] else 1
    tuning = len(table["learning_rates"]) * len(table["tuning_seeds"])
    return tuning + twice * len(table["reporting_seeds"])


def _group(group: Json) -> str:
    roles = ", ".join(f"{role} {count['parameters']:,}" for role, count in group["roles"].items())
    return f"{group['optimizer']}, weight decay {group['weight_decay']:g}: {roles}"


def _amount(number: float) -> str:
    for unit, size in (("P", 1e15), ("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if number >= size:
            return f"{number / size:.3g} {unit}"
    return f"{number:.3g}"
