"""The trunk of a run: the steps before its rate decays, which runs of other budgets share bit for bit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.ledger.canonical import digest, run_id
from harness.train.checkpoint import Checkpoint, load_latest, save
from harness.train.options import TrainOptions
from harness.train.schedule import branch_of

if TYPE_CHECKING:
    from harness.train.loop import Session

Spec = dict[str, Any]
# what of a run's `train` map does not show before the decay begins
LATER = ("steps", "warmup", "schedule")


def branch_step(options: TrainOptions) -> int | None:
    """The last step of the trunk; None where the schedule has none, or no step is left for a trunk."""
    schedule = options.schedule
    if schedule["kind"] != "wsd":
        return None
    step = branch_of(schedule["decay"], options.steps)
    return step if options.warmup_steps <= step < options.steps and step > 0 else None


def trunk_id(spec: Spec, options: TrainOptions, code: str) -> str:
    """Names all that decides the steps of a trunk; a warm-up counts in steps."""
    train = {name: value for name, value in spec["train"].items() if name not in LATER}
    own = {**spec, "train": train, "purpose": "trunk"}
    return digest([run_id(own), options.warmup_steps, code])[:16]


class Trunk:
    """The trunks of a ledger as one run uses them: it starts from the longest that is not too long for it."""

    def __init__(self, session: Session, root: Path, branch: int) -> None:
        self.session, self.branch = session, branch
        self.id = trunk_id(session.spec, session.options, session.execution.code)
        self.folder = root / self.id

    def load(self) -> Checkpoint | None:
        """The furthest checkpoint up to the branch; each one that is not sound is dropped."""
        return load_latest(self.folder, self._warn, up_to=self.branch)

    def save(self, checkpoint: Checkpoint) -> None:
        """Leave the trunk's end for runs with more steps."""
        save(self.folder, checkpoint, kept=None)

    def _warn(self, why: str) -> None:
        self.session.emit({"event": "trunk_corrupt", "message": why})
