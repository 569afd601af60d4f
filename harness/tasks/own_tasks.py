"""Tasks and metrics in a user's own files: registered as long as the files are in use."""

from pathlib import Path
from typing import Any

from catalog.own_files import TASKS, files, run_file
from harness.tasks.metrics import METRIC
from harness.tasks.registry import TASK, task_kinds

NAMED = ("task kind", "metric")
LOADED: dict[Path, tuple[list[str], list[str]]] = {}


def load_own_tasks() -> None:
    """Makes the registries hold the tasks and metrics of the files in use, and of no other.

    Raises:
        ValueError: a file is missing, no Python or fails, it registers nothing, or a name that is taken; one line.
    """
    wanted = files(TASKS)
    for path in [path for path in LOADED if path not in wanted]:
        tasks, metrics = LOADED.pop(path)
        _drop(tasks, metrics)
    for path in wanted:
        if path not in LOADED:
            LOADED[path] = _register(path)


def tasks_in(path: Path) -> list[str]:
    """The kinds of task that a file in use registers.

    Raises:
        ValueError: as `load_own_tasks`.
    """
    task_kinds()
    return LOADED[path][0]


def _register(path: Path) -> tuple[list[str], list[str]]:
    """Runs a file and gives the tasks and metrics that it registered; when that fails, the registries are as before."""
    held: tuple[dict[str, Any], ...] = (TASK.kinds, METRIC.kinds, TASK.tiny)
    before = [dict(kinds) for kinds in held]
    try:
        run_file(path)
        tasks, metrics = (_new(path, what, *pair) for what, *pair in zip(NAMED, before, held, strict=False))
        if not tasks and not metrics:
            raise ValueError(f"{path} registers no task and no metric; decorate a class with @TASK.register('my_task')")
    except ValueError:
        for kinds, known in zip(held, before, strict=True):
            kinds.clear()
            kinds.update(known)
        raise
    return tasks, metrics


def _new(path: Path, what: str, before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    for name, kind in before.items():
        if now.get(name) is not kind:
            raise ValueError(f"{path}: the {what} {name!r} is taken; register it under another name")
    return [name for name in now if name not in before]


def _drop(tasks: list[str], metrics: list[str]) -> None:
    for name in tasks:
        TASK.kinds.pop(name, None)
        TASK.tiny.pop(name, None)
    for name in metrics:
        METRIC.kinds.pop(name, None)
