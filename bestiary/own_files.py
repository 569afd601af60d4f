"""Python files of a user's own, for the length of a command: `--part` and `--task-file` stand for two variables."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import typer

from bestiary.output import note
from catalog.own_files import PARTS, TASKS, files

FLAGS = {PARTS: "--part", TASKS: "--task-file"}
Callback = Callable[[typer.Context, list[Path] | None], list[Path] | None]


def use(variable: str) -> Callback:
    """Sets a variable until the command ends, so that processes which it starts see the files too."""

    def callback(context: typer.Context, paths: list[Path] | None) -> list[Path] | None:
        if paths and not context.resilient_parsing:
            context.with_resource(in_use(variable, paths))
        return paths

    return callback


@contextmanager
def in_use(variable: str, paths: Sequence[Path]) -> Iterator[list[Path]]:
    """The files by their whole paths, in use for the length of a block."""
    before = os.environ.get(variable)
    whole = [path.expanduser().resolve() for path in paths]
    os.environ[variable] = os.pathsep.join(map(str, whole))
    try:
        yield whole
    finally:
        _restore(variable, before)


def words() -> list[str]:
    """The options that name the files in use again, from any working folder."""
    return [f"{flag}={path}" for variable, flag in FLAGS.items() for path in files(variable)]


def require_passed() -> None:
    """Let only files pass whose parts have a green certificate and whose tasks keep what a task must.

    Raises:
        ValueError: one does not pass; with all that was found.
    """
    for path in files(PARTS):
        _require(f"part: {path}", _faults_of_part(path))
    for path in files(TASKS):
        _require(f"task file: {path}", _faults_of_tasks(path))


def _faults_of_part(path: Path) -> list[str]:
    from harness.gate import faults_of_part

    note(f"checking {path} ...")
    return faults_of_part(path)


def _faults_of_tasks(path: Path) -> list[str]:
    from harness.tasks.checks import faults_in_file

    return [
        f"{kind}: {check}: {fault}"
        for kind, found in faults_in_file(path).items()
        for check, faults in found.items()
        for fault in faults
    ]


def _require(what: str, faults: list[str]) -> None:
    if faults:
        raise ValueError("\n".join([f"{what} does not pass its checks, and is not compared:", *faults]))


def _restore(variable: str, before: str | None) -> None:
    if before is None:
        os.environ.pop(variable, None)
    else:
        os.environ[variable] = before
