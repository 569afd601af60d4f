"""What can go wrong with a ledger, each with the exit code the command line returns for it."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class LedgerError(ValueError):
    """A fault of the ledger that a person can act on; its text is one sentence with what to do."""

    exit_code = 2


class BadLedger(LedgerError):
    """The folder is no ledger of ours, has another format, or holds a record that cannot be read."""


class Busy(LedgerError):
    """Another process holds the lock."""

    exit_code = 3


class StorageFault(LedgerError):
    """The disk is full or cannot be written."""

    exit_code = 4


REASONS = {
    errno.ENOSPC: "the disk is full; free some space",
    errno.EDQUOT: "the disk quota is used up; free some space",
    errno.EROFS: "the file system is read-only; choose another folder",
    errno.EACCES: "permission is denied; choose another folder",
    errno.EPERM: "permission is denied; choose another folder",
    errno.EIO: "the disk reports an input/output error; choose another folder",
    errno.ENOTDIR: "a file stands where a folder is needed; choose another folder",
    errno.EISDIR: "a folder stands where a file is needed; choose another folder",
}


def storage_sentence(error: OSError, path: Path | str) -> str | None:
    """Say what the disk refused and what to do, or None when the error is not about storage."""
    reason = REASONS.get(error.errno or 0)
    if reason is None:
        return None
    return f"cannot write {path}: {reason}, then run the same command again (finished runs are kept)"


@contextmanager
def storage(path: Path | str) -> Iterator[None]:
    """Turn the operating system's refusal to write `path` into a StorageFault."""
    try:
        yield
    except OSError as error:
        sentence = storage_sentence(error, path)
        if sentence is None:
            raise
        raise StorageFault(sentence) from error
