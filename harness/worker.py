"""A worker process: takes one run after the other as JSON lines on its input and reports on its output.

`python -m harness.worker [--runner module:function] [--threads N]` is started by `harness.pool`, not by hand.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import errno
import importlib
import json
import os
import queue
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.ledger import Attempt, Busy, LedgerError, State, StorageFault
from harness.ledger.canonical import finite
from harness.ledger.errors import storage_sentence
from harness.train import Execution, Interrupted

Job = dict[str, Any]
Runner = Callable[[Job, Path, Callable[[Job], None], Execution], Job]

PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of Linux
SECONDS_BETWEEN_REPORTS = 0.1
SECONDS_BETWEEN_NOTES = 2.0
DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})
NO_MEMORY = ("out of memory", "can't allocate memory", "cannot allocate memory")
NO_SPACE = ("no space left on device", "pytorchstreamwriter failed writing")


def main(arguments: list[str] | None = None) -> int:
    """Work until the input ends or a run fails; a failed run may leave its process damaged, so that one is replaced."""
    parser = argparse.ArgumentParser(prog="harness.worker")
    parser.add_argument("--runner", default="harness.train:run")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args(arguments)
    die_with_parent()
    channel = Channel()
    stop = threading.Event()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda number, frame: stop.set())
    jobs = Inbox()
    runner = load(options.runner)
    channel.send(message="ready")
    while (job := jobs.take()) is not None:
        pin_threads(options.threads)
        if not Work(job, runner, channel, stop).perform():
            break
    return 0


def load(name: str) -> Runner:
    """The function that `module:function` names."""
    module, _, function = name.partition(":")
    runner: Runner = getattr(importlib.import_module(module), function)
    return runner


def die_with_parent() -> None:
    """Ask the kernel, where it can, to kill this process when its parent dies, even inside a long computation."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PARENT_DEATH_SIGNAL, signal.SIGKILL)


def pin_threads(count: int) -> None:
    """Hold torch to `count` threads once it is there; before that the environment does."""
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(count)


class Channel:
    """The way to the parent; whatever else writes to standard output goes to standard error."""

    def __init__(self) -> None:
        self._file = os.fdopen(os.dup(1), "w", encoding="utf-8")
        os.dup2(2, 1)

    def send(self, **message: Any) -> None:
        """Send one line; without a parent there is nothing left to do."""
        try:
            self._file.write(json.dumps(finite(message)) + "\n")
            self._file.flush()
        except BrokenPipeError:
            os._exit(1)


class Inbox:
    """The jobs that come in; when the parent's end closes in the middle of one, the process ends at once."""

    def __init__(self) -> None:
        self._jobs: queue.Queue[Job | None] = queue.Queue()
        self._working = False
        threading.Thread(target=self._listen, daemon=True).start()

    def take(self) -> Job | None:
        """The next job, or None when there will be none."""
        self._working = False
        job = self._jobs.get()
        self._working = job is not None
        return job

    def _listen(self) -> None:
        for line in sys.stdin:
            self._jobs.put(json.loads(line))
        if self._working:
            os._exit(1)
        self._jobs.put(None)


class Work:
    """One run in this process, from taking its lock to its last state."""

    def __init__(self, job: Job, runner: Runner, channel: Channel, stop: threading.Event) -> None:
        self.job = job
        self.runner = runner
        self.channel = channel
        self.stop = stop
        self.folder = Path(job["folder"])
        self._reported = 0.0
        self._noted = time.monotonic()

    def perform(self) -> bool:
        """Do the run and report; returns whether the process is sound enough for another."""
        try:
            with Attempt(self.folder, self.job["spec"], self.job["code_hash"]) as attempt:
                if not attempt.finished:
                    self._train(attempt)
                state = attempt.run.noted().state
        except Busy as error:
            return self._report("busy", text=str(error))
        except StorageFault as error:
            return self._report("storage", text=str(error))
        except LedgerError as error:
            return self._report("refused", text=str(error))
        return self._report("ended", state=state, retires=not state.finished)

    def _train(self, attempt: Attempt) -> None:
        resumed = (self.folder / "checkpoint").exists()
        try:
            self._once(attempt)
        except Interrupted as error:
            attempt.progress(error.step)
            attempt.interrupt(str(error))
        except Exception as error:
            self._refuse_full_disk(error, attempt)
            if resumed and not is_out_of_memory(error):
                attempt.drop_checkpoint(f"going on from the checkpoint failed: {error}")
                self._train(attempt)
                return
            state = State.OOM if is_out_of_memory(error) else State.ERROR
            attempt.fail(state, f"{type(error).__name__}: {error}", traceback.format_exc())

    def _once(self, attempt: Attempt) -> None:
        execution = Execution(**self.job["execution"], code=self.job["code_hash"], stop=self.stop.is_set)
        outcome = self.runner(self.job["spec"], self.folder, lambda event: self._heard(event, attempt), execution)
        attempt.finish(outcome["result"], outcome["costs"])

    def _heard(self, event: Job, attempt: Attempt) -> None:
        if event["event"] == "progress":
            self._progress(event, attempt)
        else:
            attempt.log(event)

    def _progress(self, event: Job, attempt: Attempt) -> None:
        now = time.monotonic()
        if now - self._reported >= SECONDS_BETWEEN_REPORTS:
            self._reported = now
            self._report("progress", event=event)
        if now - self._noted >= SECONDS_BETWEEN_NOTES:
            self._noted = now
            attempt.progress(int(event["step"]))

    def _refuse_full_disk(self, error: Exception, attempt: Attempt) -> None:
        sentence = disk_sentence(error, self.folder)
        if sentence:
            with contextlib.suppress(StorageFault):
                attempt.interrupt(sentence)
            raise StorageFault(sentence) from error

    def _report(self, message: str, retires: bool = False, **more: Any) -> bool:
        self.channel.send(message=message, id=self.job["id"], retires=retires, **more)
        return not retires


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory, the machine's or the accelerator's, ran out."""
    text = str(error).lower()
    named = isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"
    return named or any(words in text for words in NO_MEMORY)


def disk_sentence(error: BaseException | None, folder: Path) -> str | None:
    """What to do about the disk when that is what lies behind `error`, else None."""
    while error is not None:
        if isinstance(error, StorageFault):
            return str(error)
        if isinstance(error, OSError) and error.errno in DISK:
            return storage_sentence(error, error.filename or folder)
        if any(words in str(error).lower() for words in NO_SPACE):
            return storage_sentence(OSError(errno.ENOSPC, ""), folder)
        error = error.__cause__ or error.__context__
    return None


if __name__ == "__main__":
    sys.exit(main())
