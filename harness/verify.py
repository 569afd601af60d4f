"""Whether this code makes what a run recorded: its first steps are replayed and compared bit by bit."""

from __future__ import annotations

from dataclasses import dataclass

from harness.ledger import LedgerError, Run, vouch
from harness.ledger.canonical import Json
from harness.ledger.code import code_hash


@dataclass(frozen=True)
class Verified:
    """What a replay came to; `difference` tells the first line that is not the same, `code` the code that replayed.

    The run's `steps` after `step` were not replayed, nor was its last evaluation.
    """

    id: str
    step: int
    steps: int
    lines: int
    code: str
    recorded_code: str | None
    difference: str | None

    @property
    def is_equal(self) -> bool:
        """Whether every line was the same."""
        return self.difference is None


def verify(run: Run, device: str | None = None) -> Verified:
    """Replay a run up to its first line of training loss; when all is bit-equal, this code counts as its maker.

    Raises:
        LedgerError: the run has recorded no training yet, or another process is at it.
    """
    from harness.train import Execution, first_lines
    from harness.train.device import choose_device

    spec, recorded = run.spec(), run.metrics()
    until = next((line["step"] for line in recorded if "train_loss" in line), None)
    if until is None:
        raise LedgerError(f"verify: run {run.id} has recorded no training loss yet; let it run first")
    chosen = choose_device(device)
    replayed = first_lines(spec, until, Execution(device=str(chosen)))
    code, before = code_hash({"model": spec["model"], "task": spec["task"]}, chosen.type), run.code_hash()
    steps, difference = spec["train"]["steps"], _difference(recorded, replayed)
    found = Verified(run.id, until, steps, len(replayed), code, before, difference)
    if found.is_equal and before != code:
        vouch(run, code)
    return found


def _difference(recorded: list[Json], replayed: list[Json]) -> str | None:
    for was, now in zip(recorded, replayed, strict=False):
        for name in sorted({*was, *now}):
            if was.get(name) != now.get(name):
                return f"step {was['step']}: {name} was {was.get(name)} and is now {now.get(name)}"
    return None
