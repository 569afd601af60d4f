"""What went wrong, as one clear message and an exit code; both paths of the command line use it."""

import errno
import os
import sys
import traceback
from collections.abc import Callable

OK, FAILED, BAD_INPUT, BUSY, IO, INTERRUPTED = 0, 1, 2, 3, 4, 130
_DISK = {
    errno.ENOSPC: "the disk is full; free some space, or choose another folder",
    errno.EDQUOT: "the disk quota is used up; free some space, or choose another folder",
    errno.EROFS: "the folder is read-only; choose another one",
    errno.EACCES: "permission denied; choose another folder, or change its permissions",
    errno.EPERM: "the system does not permit it; choose another folder",
    errno.EIO: "the device reports an input/output error",
}
_INPUT = (ValueError, FileNotFoundError, NotADirectoryError, IsADirectoryError)


class ReaderGone(Exception):
    """Whoever read the answer has stopped reading, as `head` does; nothing went wrong."""


def guarded(work: Callable[[], int], *, debug: bool = False) -> int:
    """Run `work` and give its exit code; a failure becomes a message on stderr and the code of the failure.

    With `debug` the traceback comes before the message.
    """
    try:
        return work()
    except (BrokenPipeError, ReaderGone):
        _forget_stdout()
        return OK
    except (Exception, KeyboardInterrupt) as failure:
        if debug:
            traceback.print_exc()
        print(message(failure), file=sys.stderr)
        return code(failure)


def code(failure: BaseException) -> int:
    """The exit code of a failure."""
    if isinstance(failure, KeyboardInterrupt):
        return INTERRUPTED
    own = getattr(failure, "exit_code", None)
    if isinstance(own, int):
        return own
    if _disk(failure):
        return IO
    circular = isinstance(failure, OSError) and failure.errno == errno.ELOOP
    return BAD_INPUT if isinstance(failure, _INPUT) or circular else FAILED


def message(failure: BaseException) -> str:
    """The text of a failure: what is wrong and what to do."""
    if isinstance(failure, KeyboardInterrupt):
        return "interrupted; what was finished is kept, run the same command again to go on"
    if isinstance(failure, OSError) and not hasattr(failure, "exit_code"):
        return f"error: {_place(failure)}{_disk(failure) or failure.strerror or failure}"
    if hasattr(failure, "exit_code") or isinstance(failure, _INPUT):
        lines = (str(failure) or type(failure).__name__).splitlines()
        return "\n".join(f"error: {line}" for line in lines)
    told = " ".join(str(failure).split())
    return f"error: {type(failure).__name__}: {told} (a fault of the program; --debug shows where)"


def _disk(failure: BaseException) -> str | None:
    return _DISK.get(failure.errno or 0) if isinstance(failure, OSError) else None


def _place(failure: OSError) -> str:
    named = failure.filename2 or failure.filename
    return f"{os.fsdecode(named)}: " if isinstance(named, str | bytes) else ""


def _forget_stdout() -> None:
    # Whoever read our output is gone; without this, Python complains again when it flushes at exit.
    with open(os.devnull, "w", encoding="utf-8") as nowhere:  # noqa: PTH123
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
