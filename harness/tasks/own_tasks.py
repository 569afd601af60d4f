"""Tasks and metrics in a user's own files: registered as long as the files are in use."""

from collections.abc import Callable
from pathlib import Path

from catalog.own_files import TASKS, files, run_file
from harness.tasks.metrics import METRIC
from harness.tasks.registry import TASK, task_kinds

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
    held: tuple[Callable[[], list[str]], ...] = (lambda: list(TASK.kinds), lambda: list(METRIC.kinds))
    before = [set(names()) for names in held]
    try:
        run_file(path)
    except ValueError:
        _drop(*([name for name in names() if name not in known] for names, known in zip(held, before, strict=True)))
        raise
    tasks, metrics = ([n for n in names() if n not in known] for names, known in zip(held, before, strict=True))
    if not tasks and not metrics:
        raise ValueError(f"{path} registers no task and no metric; decorate a class with @TASK.register('my_task')")
    return tasks, metrics


def _drop(tasks: list[str], metrics: list[str]) -> None:
    for name in tasks:
        TASK.kinds.pop(name, None)
        TASK.tiny.pop(name, None)
    for name in metrics:
        METRIC.kinds.pop(name, None)
