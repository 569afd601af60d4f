"""The registry of tasks: a kind's keyword-only signature is the schema of its options."""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Annotated, Any, TypeVar, get_type_hints

from harness.tasks.task import Task

Count = Annotated[int, "Count"]
T = TypeVar("T", bound=type[Task])


@dataclass
class TaskRegistry:
    """The task kinds."""

    kinds: dict[str, type[Task]] = field(default_factory=dict)

    def register(self, kind: str) -> Callable[[T], T]:
        """Registers a class under `kind`."""

        def decorate(cls: T) -> T:
            self.kinds[kind] = cls
            return cls

        return decorate


TASK = TaskRegistry()


def discover() -> None:
    """Imports every module of this folder, so that each kind registers itself."""
    import harness.tasks as package

    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"harness.tasks.{module.name}")


def build_task(block: Mapping[str, Any]) -> Task:
    """The task that a sweep file's block `{kind: …, options…}` names."""
    discover()
    options = {name: value for name, value in block.items() if name != "kind"}
    return TASK.kinds[block["kind"]](**options)
