"""The registry of tasks: the keyword-only signature of a kind is the schema of its options, as for parts of a model."""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from catalog.records import PartRecord, Records, options_of
from catalog.schema import fill
from harness.tasks.task import Task

T = TypeVar("T", bound=type[Task])


@dataclass
class TaskRegistry:
    """The task kinds, with the values that make each one tiny for tests."""

    kinds: dict[str, type[Task]] = field(default_factory=dict)
    tiny: dict[str, dict[str, Any]] = field(default_factory=dict)

    def register(self, kind: str, **tiny: Any) -> Callable[[T], T]:
        """Registers a class under `kind`; the keywords are its options' values in a test."""

        def decorate(cls: T) -> T:
            known = self.kinds.get(kind)
            if known is not None and known.__qualname__ != cls.__qualname__:
                raise ValueError(f"the task kind {kind!r} is taken; register {cls.__qualname__} under another name")
            cls.kind = kind
            self.kinds[kind], self.tiny[kind] = cls, tiny
            return cls

        return decorate


TASK = TaskRegistry()


def task_kinds() -> list[str]:
    """The kinds of task, sorted."""
    _discover()
    return sorted(TASK.kinds)


def task_records() -> Records:
    """The live registry in the form that the catalog validates against."""
    _discover()
    return {"task": {kind: _record(cls, TASK.tiny[kind]) for kind, cls in sorted(TASK.kinds.items())}}


def fill_task(block: Mapping[str, Any] | str) -> dict[str, Any]:
    """The task block `{kind: …, options…}` with every option filled in; a bare kind is enough.

    Raises:
        CatalogError: an unknown kind or option, or a value that does not fit; each with what is allowed.
    """
    return fill("task", block, records=task_records())


def build_task(block: Mapping[str, Any] | str) -> Task:
    """The task that a block names.

    Raises:
        CatalogError: the block is wrong.
        ValueError: its data cannot serve.
    """
    options = fill_task(block)
    return TASK.kinds[options.pop("kind")](**options)


def _record(cls: type[Task], tiny: dict[str, Any]) -> PartRecord:
    # an option is described by its class, or by the one that it is inherited from
    docs = [cls.__doc__, *(base.__doc__ for base in cls.__mro__[1:] if issubclass(base, Task))]
    text = " ".join(" ".join(doc or "" for doc in docs).split())
    paper = re.search(r"https?://[^\s)]+", text)
    said = {name: _sentence(name, text) for name in inspect.signature(cls).parameters}
    first = (inspect.getdoc(cls) or "").split("\n")[0]
    return PartRecord(first, paper.group(0).rstrip(".,;") if paper else None, options_of(cls, said), tiny)


def _sentence(option: str, text: str) -> str:
    found = re.search(rf"`{option}`[^.;]*", text)
    return found.group(0) if found else ""


def _discover() -> None:
    package = importlib.import_module("harness.tasks")
    for module in pkgutil.walk_packages(package.__path__, "harness.tasks."):
        importlib.import_module(module.name)
    from harness.tasks.own_tasks import load_own_tasks

    load_own_tasks()
