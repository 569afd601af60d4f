"""One run's folder: what is read from it, and the steps by which a worker fills it."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from harness.ledger.canonical import Json, digest, finite, run_id
from harness.ledger.errors import BadLedger, StorageFault, storage
from harness.ledger.files import (
    append_line,
    clear_leftovers,
    make_folder,
    read_json,
    read_lines,
    read_record,
    write_json,
    write_text,
)
from harness.ledger.lock import Lock, is_held
from harness.ledger.states import State, check_transition


@dataclass(frozen=True)
class Status:
    """Where a run stands: its state and the last step it noted."""

    state: State
    step: int


class Run:
    """A run as its folder tells it; reading never changes anything."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.id = folder.name

    @property
    def lock_path(self) -> Path:
        """The file whose lock the working process holds."""
        return self.folder / "lock"

    def noted(self) -> Status:
        """What the state file says, whether or not its writer still lives."""
        try:
            note = read_json(self.folder / "state.json")
            return Status(State(note["state"]), int(note["step"]))
        except FileNotFoundError:
            return Status(State.NEVER, 0)
        except (BadLedger, KeyError, TypeError, ValueError):
            return Status(State.INTERRUPTED, 0)

    def status(self) -> Status:
        """Where the run stands; `running` under a dead process is `interrupted`."""
        noted = self.noted()
        if noted.state is State.RUNNING and not is_held(self.lock_path):
            return Status(State.INTERRUPTED, noted.step)
        return noted

    def spec(self) -> Json:
        """The run's spec.

        Raises:
            BadLedger: it is missing, unreadable, or not the one the folder is named after.
        """
        spec = self._record("spec.json")
        if run_id(spec) != self.id:
            raise BadLedger(f"{self.folder}/spec.json is not the spec of run {self.id}; it was changed: move it away")
        return spec

    @property
    def is_damaged(self) -> bool:
        """Whether its folder is there and does not say soundly which run it is."""
        if not self.folder.exists():
            return False
        try:
            self.spec()
        except BadLedger:
            return True
        return False

    def result(self) -> Json | None:
        """The result of a finished run, or None while there is none that can be read."""
        state = self.noted().state
        if not state.finished:
            return None
        try:
            result = self._record("result.json")
        except BadLedger:
            return None
        # a record that was changed, or tells another state than the run's own or another curve, is damaged too
        told, curve = result.pop("digest", None), self.curve_digest()
        sound = result.get("state") == state and result.get("curve", curve) == curve
        return result if sound and told in (None, digest(result)) else None

    def curve_digest(self) -> str:
        """The sha256 of the learning curve as it lies on the disk; that of nothing where there is none."""
        path = self.folder / "metrics.jsonl"
        return hashlib.sha256(path.read_bytes() if path.exists() else b"").hexdigest()

    def costs(self) -> Json:
        """What the run cost so far; empty before its first end."""
        try:
            return self._record("costs.json")
        except BadLedger:
            return {}

    def metrics(self) -> list[Json]:
        """The lines of the learning curve."""
        return read_lines(self.folder / "metrics.jsonl")

    def events(self) -> list[Json]:
        """What happened on the way: starts, interruptions, failures."""
        return read_lines(self.folder / "events.jsonl")

    def code_hash(self) -> str | None:
        """The hash of the code that made what lies here, or None before the first start."""
        starts = [event["code_hash"] for event in self.events() if "code_hash" in event]
        return starts[-1] if starts else None

    def begins_as_by(self, code: str) -> bool:
        """Whether `code` made the run's first steps again, bit for bit."""
        return any(event.get("replayed_by") == code for event in self.events())

    def _record(self, name: str) -> Json:
        try:
            return read_record(self.folder / name)
        except FileNotFoundError:
            told = f"{self.folder}/{name} is missing; move that folder away and run the same command again"
            raise BadLedger(told) from None


class Attempt:
    """One process's try at a run: holds the run's lock from `with` to its end and writes every transition."""

    def __init__(self, folder: Path, spec: Json, code_hash: str) -> None:
        self.run = Run(folder)
        self.spec = spec
        self.code_hash = code_hash
        self._lock = Lock(self.run.lock_path, f"run {self.run.id}")

    def __enter__(self) -> Attempt:
        create(self.run.folder, self.spec)
        self._lock.acquire()
        try:
            if not self.finished:
                self._begin()
        except BaseException:
            self._lock.release()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.release()

    @property
    def finished(self) -> bool:
        """Whether another process has finished the run in the meantime."""
        return self.run.result() is not None

    def progress(self, step: int) -> None:
        """Note the step that was reached."""
        write_json(self.run.folder / "state.json", {"state": State.RUNNING, "step": step}, durable=False)

    def finish(self, result: Json, costs: Json) -> None:
        """Record the result; the state comes last, so a run is finished only when all of it is on the disk."""
        state = State(result["state"])
        if not state.finished:
            raise ValueError(f"result.state: {state} is not the state of a finished run; allowed: done, diverged")
        folder = self.run.folder
        record = finite({**result, "id": self.run.id, "curve": self.run.curve_digest()})
        write_json(folder / "result.json", {**record, "digest": digest(record)})
        write_json(folder / "costs.json", {**costs, "code_hash": self.code_hash, "resumes": self.resumes()})
        self._move(state, int(result["steps"]))
        with storage(folder):
            shutil.rmtree(folder / "checkpoint", ignore_errors=True)

    def fail(self, state: State, message: str, trace: str) -> None:
        """Record why the run was given up."""
        write_text(self.run.folder / "traceback.txt", trace or message + "\n")
        self._move(state, self.run.noted().step, message=message)

    def interrupt(self, message: str) -> None:
        """Record that the run was stopped; what it has done is kept for the next launch."""
        self._move(State.INTERRUPTED, self.run.noted().step, message=message)

    def log(self, event: Json) -> None:
        """Add what the run itself has to tell to its events."""
        self._event(**event)

    def drop_checkpoint(self, why: str) -> None:
        """Start over: put a checkpoint that cannot be used, and the curve that led to it, aside."""
        folder = self.run.folder
        with storage(folder):
            shutil.rmtree(folder / "checkpoint.unusable", ignore_errors=True)
            (folder / "checkpoint").replace(folder / "checkpoint.unusable")
            (folder / "metrics.jsonl").unlink(missing_ok=True)
        self._event("started_over", message=why)

    def resumes(self) -> int:
        """How often the run was taken up again after its first start."""
        starts = [event for event in self.run.events() if event.get("event") == "running"]
        return max(0, len(starts) - 1)

    def _begin(self) -> None:
        clear_leftovers(self.run.folder)
        (self.run.folder / "traceback.txt").unlink(missing_ok=True)
        relocate(self.run, self.spec)
        write_json(self.run.folder / "state.json", {"state": State.RUNNING, "step": self.run.noted().step})
        self._event("running", code_hash=self.code_hash, pid=os.getpid())

    def _move(self, state: State, step: int, **more: object) -> None:
        check_transition(self.run.noted().state, state)
        write_json(self.run.folder / "state.json", {"state": state, "step": step})
        self._event(state, **more)

    def _event(self, event: str, **more: object) -> None:
        append_line(self.run.folder / "events.jsonl", {"event": event, "when": round(time.time(), 3), **more})


def create(folder: Path, spec: Json) -> None:
    """Make a run's folder in one step, so that a folder always holds its spec."""
    if folder.exists():
        return
    hidden = folder.with_name(f".{folder.name}.new")
    make_folder(hidden)
    try:
        write_json(hidden / "spec.json", spec)
        with storage(folder):
            hidden.rename(folder)
    except (OSError, StorageFault):
        shutil.rmtree(hidden, ignore_errors=True)
        if not folder.exists():  # else another process was faster
            raise


def relocate(run: Run, spec: Json) -> None:
    """Note where the data of a run lie now; all else in its spec stays as it is.

    Raises:
        BadLedger: the folder holds another run than `spec` describes.
    """
    if run_id(spec) != run.id:
        told = f"{run.folder}/spec.json describes another run than the one asked for; move {run.folder} away"
        raise BadLedger(told)
    if run.spec() != spec:
        write_json(run.folder / "spec.json", spec)


def vouch(run: Run, code: str, step: int, whole: bool) -> None:
    """Note that this code makes a run's steps up to `step`, bit for bit; for whoever holds the run's lock.

    Code that makes the `whole` run counts as its maker from now on.
    """
    note = {"event": "verified", "when": round(time.time(), 3), "step": step, "replayed_by": code}
    append_line(run.folder / "events.jsonl", {**note, "code_hash": code} if whole else note)


def open_test_again(run: Run) -> None:
    """Note that a replay scores a reporting run's test split once more; for whoever holds the run's lock."""
    note = {"event": "test_opened", "when": round(time.time(), 3), "message": "replayed"}
    append_line(run.folder / "events.jsonl", note)


def settle(run: Run) -> bool:
    """Note that a run whose process died is interrupted; returns whether that was so."""
    if run.noted().state is not State.RUNNING or is_held(run.lock_path):
        return False
    with Lock(run.lock_path, f"run {run.id}"):
        write_json(run.folder / "state.json", {"state": State.INTERRUPTED, "step": run.noted().step})
        note = {"event": State.INTERRUPTED, "when": round(time.time(), 3), "message": "its process died"}
        append_line(run.folder / "events.jsonl", note)
    return True
