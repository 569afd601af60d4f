"""A lock between processes that also says who holds it: pid, host and start time."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import subprocess
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType

from harness.ledger.errors import Busy, storage

ATTEMPTS = 5
PAUSE = 0.02


@dataclass(frozen=True)
class Owner:
    """A process that no later process can be mistaken for, since pids come back and start times do not."""

    pid: int
    host: str
    started: str
    since: str

    @classmethod
    def here(cls) -> Owner:
        """This process."""
        return cls(os.getpid(), socket.gethostname(), start_time(os.getpid()), time.strftime("%Y-%m-%d %H:%M:%S"))

    def is_here_and_alive(self) -> bool:
        """Whether the process lives on this machine."""
        return self.host == socket.gethostname() and self.started != "" and start_time(self.pid) == self.started


def start_time(pid: int) -> str:
    """When process `pid` started, in the system's own words; empty when there is no such process."""
    try:
        # the name in field 2 may hold spaces and brackets, so count from behind its closing bracket
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return "" if fields[0] in "ZX" else fields[19]
    except (FileNotFoundError, ProcessLookupError):
        if Path("/proc/self/stat").exists():
            return ""
    answer = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return answer.stdout.strip()


class Lock:
    """An exclusive lock on a file, freed by the system when its process dies.

    The file stays; its text is the last holder. `what` names the thing in the message of the one who comes second.
    """

    def __init__(self, path: Path, what: str) -> None:
        self.path = path
        self.what = what
        self._descriptor: int | None = None

    def acquire(self) -> Lock:
        """Take the lock.

        Raises:
            Busy: another process holds it.
            StorageFault: the file cannot be written.
        """
        with storage(self.path):
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            self._take(descriptor)
            with storage(self.path):
                text = json.dumps(asdict(Owner.here())).encode() + b"\n"
                os.ftruncate(descriptor, 0)
                os.pwrite(descriptor, text, 0)
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        return self

    def release(self) -> None:
        """Give the lock back."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _take(self, descriptor: int) -> None:
        # a look from `is_held` holds the file for an instant, so one refusal is no proof
        for _ in range(ATTEMPTS):
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                time.sleep(PAUSE)
        owner = read_owner(self.path)
        holder = f"process {owner.pid} on {owner.host} since {owner.since}" if owner else "another process"
        raise Busy(f"{self.what} is in use by {holder}; wait for it to end, or stop it first")

    def __enter__(self) -> Lock:
        return self.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def read_owner(path: Path) -> Owner | None:
    """The process that took the lock last, or None when nobody did."""
    try:
        return Owner(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError):
        return None


def is_held(path: Path) -> bool:
    """Whether a living process holds the lock at `path`; on another machine only the lock itself can tell."""
    owner = read_owner(path)
    if owner is None:
        return False
    if owner.is_here_and_alive():
        return _is_locked(path)
    return owner.host != socket.gethostname() and _is_locked(path)


def _is_locked(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return False
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
