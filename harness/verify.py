"""Whether this code makes what a run recorded: its first steps, or all of it, are replayed and compared bit by bit."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest

from harness.ledger import LedgerError, Run, open_test_again, settle, vouch
from harness.ledger.canonical import Json, finite
from harness.ledger.code import code_hash
from harness.ledger.lock import Lock
from harness.places import one_thread

ALTERED = "its records were changed after it ended: result.json does not fit itself or metrics.jsonl"


@dataclass(frozen=True)
class Verified:
    """What a replay came to; `difference` tells the first thing that is not the same, `code` the code that replayed.

    Steps 1 to `step` of `steps` were replayed and `lines` of the curve compared. Nothing is known of what comes later,
    unless the run was replayed `whole`, its last evaluation included.
    """

    id: str
    step: int
    steps: int
    lines: int
    whole: bool
    code: str
    recorded_code: str | None
    difference: str | None

    @property
    def is_equal(self) -> bool:
        """Whether all that was replayed was the same."""
        return self.difference is None


def verify(run: Run, steps: int | None = 1, device: str | None = None) -> Verified:
    """Replay a run up to its first line of training loss at step `steps` or later; all of it where that is None.

    What is bit-equal is noted in the events of a finished run; after a whole replay this code counts as its maker. The
    whole replay of a reporting run opens its test split once more, which its events tell. `device` is the run's own
    unless another is given.

    Raises:
        LedgerError: the run has recorded no training yet.
        Busy: a process is at it.
    """
    settle(run)
    with Lock(run.lock_path, f"run {run.id}"), one_thread():
        found = _replayed(run, steps, device)
        if found.is_equal and run.noted().state.finished and found.recorded_code != found.code:
            vouch(run, found.code, found.step, found.whole)
    return found


def _replayed(run: Run, steps: int | None, device: str | None) -> Verified:
    from harness.train import Execution, repeat
    from harness.train.device import choose_device

    spec, recorded, finished = run.spec(), run.metrics(), run.noted().state.finished
    logged = [line["step"] for line in recorded if "train_loss" in line]
    if not (logged or finished):
        raise LedgerError(f"verify: run {run.id} has recorded no training loss yet; let it run first")
    last = logged[-1] if logged else 0  # a loss that is not finite may come before the first line
    until = next((step for step in logged if steps is not None and step >= steps), last)
    whole, result, chosen = finished and until == last, run.result(), choose_device(device or _device_of(run))
    code, budget = code_hash(_hashed(spec), chosen.type), spec["train"]["steps"]
    if finished and result is None:
        return Verified(run.id, 0, budget, 0, whole, code, run.code_hash(), ALTERED)
    if whole and spec["purpose"] == "reporting":
        open_test_again(run)
    lines, outcome = repeat(spec, None if whole else until, Execution(device=str(chosen)))
    # the last lines of a run that never ended may not have been written
    expected = recorded if whole else [line for line in recorded if line["step"] <= until]
    compared = lines if finished else lines[: len(expected)]
    difference = _in_lines(expected, compared) or _in_result(result, finite(outcome))
    step = outcome["steps"] if outcome else until
    return Verified(run.id, step, budget, len(compared), whole, code, run.code_hash(), difference)


def _device_of(run: Run) -> str | None:
    told = [event["device"] for event in run.events() if event.get("event") == "device"]
    return told[-1].split()[0] if told else None


def _hashed(spec: Json) -> Json:
    """What the code hash of a run is made of, as in its plan."""
    tasks = [spec["task"], spec["init_from"]["task"]] if "init_from" in spec else spec["task"]
    return {"model": spec["model"], "task": tasks}


def _in_lines(recorded: list[Json], replayed: list[Json]) -> str | None:
    nothing: Json = {}
    for was, now in zip_longest(recorded, replayed, fillvalue=nothing):
        for name in sorted({*was, *now}):
            if was.get(name) != now.get(name):
                return f"step {(was or now)['step']}: {name} was {was.get(name)} and is now {now.get(name)}"
    return None


def _in_result(recorded: Json | None, replayed: Json | None) -> str | None:
    for name, now in (replayed or {}).items():
        if (recorded or {}).get(name) != now:
            return f"the result: {name} was {(recorded or {}).get(name)} and is now {now}"
    return None
