"""Warm worker processes, one run at a time each, replaced when they die; torch-free."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import IO, Any, Literal

from harness.ledger.canonical import Json

GRACE_SECONDS = 15.0
TAIL = 4000
EARLY_KILLS = 5  # for each worker that is to start, before something is thought to be wrong
THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")

What = Literal["progress", "ended", "busy", "storage", "refused", "died"]


class WorkerFault(Exception):
    """A worker cannot even start; its text carries the last lines it wrote."""

    exit_code = 1


@dataclass(frozen=True)
class Job:
    """One run for a worker: where it lies, what it is, the code that makes it and how it is carried out."""

    id: str
    folder: str
    spec: Json
    code_hash: str
    execution: Json


@dataclass(frozen=True)
class Report:
    """What a worker said, or its death with its exit code (negative: the signal) and last words."""

    what: What
    job: Job
    event: Json = field(default_factory=dict)
    state: str = ""
    text: str = ""
    exit_code: int = 0


@dataclass(frozen=True)
class Settings:
    """How workers run: the function that makes a run, threads each, and the variables of each place, taken in turn."""

    size: int
    runner: str = "harness.train:run"
    threads: int = 1
    environments: Sequence[Mapping[str, str]] = ({},)


class Worker:
    """One process and the run it is at."""

    def __init__(self, settings: Settings, number: int) -> None:
        self.number = number
        self.job: Job | None = None
        self.ready = False
        self.retires = False
        self.has_stepped = False
        self._torn = b""
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed in `close`
        threads = dict.fromkeys(THREAD_VARIABLES, str(settings.threads))
        self.place = number % len(settings.environments)
        chosen = settings.environments[self.place]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "harness.worker", "--runner", settings.runner, "--threads", str(settings.threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env={**os.environ, **threads, **chosen},
            start_new_session=True,  # Ctrl-C reaches the parent alone, which stops its workers in order
        )

    @property
    def is_free(self) -> bool:
        """Whether it can take a run; after a failed one it ends, and another takes its place."""
        return self.job is None and not self.retires

    @property
    def output(self) -> IO[bytes]:
        """Where the worker's lines come from."""
        assert self.process.stdout is not None
        return self.process.stdout

    def start(self, job: Job) -> None:
        """Hand a run over; a worker that has just died says so on the next read."""
        self.job, self.has_stepped = job, False
        line = {"id": job.id, "folder": job.folder, "spec": job.spec, "code_hash": job.code_hash}
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps({**line, "execution": job.execution}).encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            return

    def read(self) -> tuple[list[Json], bool]:
        """The whole lines that have come in, and whether the worker is still there."""
        data = os.read(self.output.fileno(), 1 << 16)
        *lines, self._torn = (self._torn + data).split(b"\n")
        return [json.loads(line) for line in lines], bool(data)

    def last_words(self) -> str:
        """The end of what the worker wrote to standard error."""
        size = self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, size - TAIL))
        return self._errors.read().decode(errors="replace")

    def signal(self, number: int) -> None:
        """Send a signal, if the process still lives."""
        if self.process.poll() is None:
            self.process.send_signal(number)

    def close(self) -> None:
        """Let an idle worker end by itself, make any other, and reap it."""
        assert self.process.stdin is not None
        if self.job is not None:
            self.signal(signal.SIGKILL)
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        try:
            self.process.wait(timeout=GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.output.close()
        self._errors.close()


class Pool:
    """A fixed number of workers; `start` gives one a run, `wait` says what they reported."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._stopping, self._early = False, 0
        self._selector = selectors.DefaultSelector()
        self._workers = [self._hire(number) for number in range(settings.size)]

    def __enter__(self) -> Pool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def free(self) -> set[int]:
        """The places where a worker is free."""
        return {worker.place for worker in self._workers if worker.is_free}

    @property
    def jobs(self) -> list[Job]:
        """The runs at work."""
        return [worker.job for worker in self._workers if worker.job is not None]

    @property
    def pids(self) -> list[int]:
        """The workers' process ids."""
        return [worker.process.pid for worker in self._workers]

    def start(self, job: Job, place: int = 0) -> None:
        """Give `job` to a free worker of a place, one that is warm where there is a choice."""
        free = [worker for worker in self._workers if worker.is_free and worker.place == place]
        max(free, key=lambda worker: worker.ready).start(job)

    def wait(self, seconds: float | None = None) -> list[Report]:
        """The next reports; returns as soon as there is one, or empty after `seconds`.

        Raises:
            WorkerFault: a worker died before it could take a run.
        """
        reports: list[Report] = []
        for key, _ in self._selector.select(seconds):
            reports += self._hear(key.data)
        return reports

    def stop(self) -> list[Report]:
        """Ask every worker to stop at its next step; returns what they still had to say.

        One that has told of no step may load libraries for long and has nothing to save: it is killed.
        """
        reports = self.wait(0)
        self._stopping = True
        for worker in self._workers:
            worker.signal(signal.SIGTERM if worker.has_stepped else signal.SIGKILL)
        deadline = time.monotonic() + GRACE_SECONDS
        while self.jobs and (left := deadline - time.monotonic()) > 0:
            reports += self.wait(left)
        return reports

    def close(self) -> None:
        """End all workers; those still at a run are killed, which leaves the run to be resumed."""
        for worker in self._workers:
            worker.close()
        self._selector.close()
        self._workers = []

    def _hire(self, number: int) -> Worker:
        worker = Worker(self.settings, number)
        self._selector.register(worker.output, selectors.EVENT_READ, worker)
        return worker

    def _hear(self, worker: Worker) -> list[Report]:
        lines, alive = worker.read()
        reports = [report for line in lines if (report := self._report(worker, line))]
        return reports if alive else reports + self._replace(worker)

    def _was_killed_early(self, code: int) -> bool:
        """Whether a worker that never got ready was killed from outside, which may happen a few times."""
        self._early += code == -signal.SIGKILL
        return code == -signal.SIGKILL and self._early <= EARLY_KILLS * self.settings.size

    def _report(self, worker: Worker, line: Json) -> Report | None:
        what: Any = line.pop("message")
        if what == "ready":
            worker.ready = True
            return None
        job = worker.job
        assert job is not None
        line.pop("id")
        worker.retires = line.pop("retires")
        if what == "progress":
            worker.has_stepped = True
        else:
            worker.job = None
        return Report(what, job, **line)

    def _replace(self, worker: Worker) -> list[Report]:
        self._selector.unregister(worker.output)
        code, job, words = worker.process.wait(), worker.job, worker.last_words()
        worker.job = None
        worker.close()
        index = self._workers.index(worker)
        if self._stopping:
            del self._workers[index]
        elif worker.ready or self._was_killed_early(code):
            self._workers[index] = self._hire(worker.number)
        else:
            del self._workers[index]
            raise WorkerFault(f"a worker process cannot start (exit code {code}):\n{words}")
        return [] if job is None else [Report("died", job, text=words, exit_code=code)]
