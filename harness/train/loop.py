"""One run from its spec to its result: start or resume, train, evaluate."""

from __future__ import annotations

import math
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from harness.ledger.files import read_lines
from harness.train import Emit, Execution, Interrupted
from harness.train.build import Spec, build_trainer
from harness.train.checkpoint import Checkpoint, clear, load_latest, save
from harness.train.costs import Clock, reset_peak_memory
from harness.train.device import choose_device, describe, give_memory_back
from harness.train.evaluate import first_tokens, mean_nats, scored
from harness.train.kept import Kept
from harness.train.metrics import Curve, Losses
from harness.train.pretraining import start_from
from harness.train.records import costs_of, result_of
from harness.train.resume import put_back, snapshot
from harness.train.roles import groups_of
from harness.train.trunk import Trunk, branch_step

SECONDS_BETWEEN_STEPS = 1.0  # of news that a run still goes, between the lines of its curve


def run_spec(spec: Spec, folder: Path, emit: Emit, execution: Execution) -> dict[str, Any]:
    """As `harness.train.run`."""
    try:
        return _to_the_end(Session(spec, folder, emit, execution))
    finally:
        give_memory_back(choose_device(execution.device))


def _to_the_end(session: Session) -> dict[str, Any]:
    session.train(session.begin())
    return session.finish()


def repeat(spec: Spec, until: int | None, execution: Execution) -> tuple[list[dict[str, Any]], dict[str, Any] | None]:
    """As `harness.train.repeat`."""
    with TemporaryDirectory() as folder:
        session = Session(spec, Path(folder), lambda event: None, execution)
        session.train(session.begin(), until)
        result = session.finish()["result"] if until is None else None
        return read_lines(session.curve.path), result


class Session:
    """A run under way. `broken_at` is the step whose loss was first not finite."""

    def __init__(self, spec: Spec, folder: Path, emit: Emit, execution: Execution) -> None:
        self.spec, self.folder, self.emit, self.execution = spec, folder, emit, execution
        self.device = choose_device(execution.device)
        reset_peak_memory(self.device)
        self.clock = Clock(self.device)
        self.trainer = build_trainer(spec, self.device)
        self.options = self.trainer.options
        self.losses, self.curve = Losses(), Curve(folder, emit)
        self.slice = first_tokens(self._batches("val"), self.options.eval_tokens)
        branch, trunks = branch_step(self.options), execution.trunks
        self.trunk = None if branch is None or trunks is None else Trunk(self, Path(trunks), branch)
        self.initial_loss = math.nan
        self.broken_at: int | None = None
        self.pretrained: dict[str, Any] | None = None  # the rate of its pretraining, and those tried
        self.kept = Kept(self)
        self._saved_at = self._told_at = time.monotonic()

    def begin(self) -> int:
        """Goes back to the last sound checkpoint, or to the start; returns the steps that are done."""
        self.emit({"event": "device", "device": describe(self.device)})
        self.emit({"event": "optimizer", "groups": groups_of(self.trainer.optimizers, self.trainer.model)})
        saved = self._checkpoint()
        if saved is not None:
            put_back(self, saved)
            self.emit({"event": "resumed", "step": saved.step})
            return saved.step
        clear(self.folder)
        self.kept.clear()
        self.curve.clear()
        if self.trunk is not None and (saved := self.trunk.load()) is not None:
            put_back(self, saved)
            self.emit({"event": "branched", "step": saved.step, "trunk": self.trunk.id})
            return saved.step
        self.pretrained = start_from(self)
        self.initial_loss = self._val(0)
        return 0

    def train(self, done: int, until: int | None = None) -> None:
        """Does the steps after `done`, up to `until`, the last, or a loss that is not finite.

        Raises:
            Interrupted: the execution asked to stop; a checkpoint was written.
        """
        for step in range(done + 1, (until or self.options.steps) + 1):
            if self.broken_at is not None:
                break
            self.clock.run()
            loss, weight, tokens = self.trainer.step(step)
            self.clock.step(tokens)
            self.losses.add(loss, weight)
            self._record(step)
            self._tell(step)
            if self.trunk is not None and step == self.trunk.branch and self.broken_at is None:
                self.clock.pause()
                self.trunk.save(snapshot(self, step))
            if self._is_due(step):
                self._save(step)
            if self.execution.stop is not None and self.execution.stop():
                self._save(step)
                raise Interrupted(step)
        self.clock.pause()

    def finish(self) -> dict[str, Any]:
        """Evaluates the run and says what it came to and what it cost."""
        result = result_of(self)
        return {"result": result, "costs": costs_of(self)}

    def _record(self, step: int) -> None:
        last = step == self.options.steps
        if last or step % self.options.log_every == 0:
            self._log(step)
        if self.broken_at is None and not last and step % self.options.eval_every == 0:
            self.clock.pause()
            self._val(step)

    def _tell(self, step: int) -> None:
        now = time.monotonic()
        if now - self._told_at >= SECONDS_BETWEEN_STEPS:
            self._told_at = now
            self.emit({"event": "progress", "step": step, "steps": self.options.steps})

    def _log(self, step: int) -> None:
        mean, steps_ago = self.losses.mean()
        if steps_ago is not None:
            self._break(step - steps_ago)
            return
        self.curve.train(step, mean, self.trainer.rate(step))
        self.emit({"event": "progress", "step": step, "steps": self.options.steps, "train_loss": mean})

    def _val(self, step: int) -> float:
        t = self.trainer
        loss = mean_nats(scored(t.evaluated, self.slice, self.device, self.options.precision))
        self.note_val(step, loss)
        return loss

    def probe(self) -> float | None:
        """The loss of the slice's first batch, which a restored run must find again; None where it is not finite."""
        t = self.trainer
        loss = mean_nats(scored(t.evaluated, self.slice[:1], self.device, self.options.precision))
        return loss if math.isfinite(loss) else None

    def note_val(self, step: int, loss: float) -> None:
        """Adds the slice's validation loss to the curve; a loss that is not finite breaks the run."""
        if not math.isfinite(loss):
            self._break(step)
            return
        self.curve.val(step, loss)
        self.kept.see(step, loss)
        self.emit({"event": "progress", "step": step, "steps": self.options.steps, "val_loss": loss})

    def _break(self, step: int) -> None:
        self.broken_at = step
        self.emit({"event": "non_finite", "step": step, "message": f"the loss of step {step} is not finite"})

    def _is_due(self, step: int) -> bool:
        every, seconds = self.execution.checkpoint_every, self.execution.checkpoint_seconds
        if every is not None and step % every == 0:
            return True
        return seconds is not None and time.monotonic() - self._saved_at >= seconds

    def _checkpoint(self) -> Checkpoint | None:
        saved = load_latest(self.folder, lambda why: self.emit({"event": "checkpoint_corrupt", "message": why}))
        if saved is not None and saved.scalars["code"] != self.execution.code:
            self.emit({"event": "checkpoint_of_other_code", "step": saved.step, "code": saved.scalars["code"]})
            return None
        return saved

    def _save(self, step: int) -> None:
        self.clock.pause()
        save(self.folder, snapshot(self, step))
        self._saved_at = time.monotonic()
        self.emit({"event": "checkpoint", "step": step})

    def _batches(self, split: Any) -> Any:
        return self.trainer.task.evaluation(split, self.options.rows_per_evaluation)
