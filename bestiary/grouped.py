"""Options in groups: a command takes a dataclass as its parameter, and each field of it is an option."""

from collections.abc import Callable
from dataclasses import is_dataclass
from functools import wraps
from inspect import signature
from typing import Any


def grouped(command: Callable[..., int]) -> Callable[..., int]:
    """The command with the fields of dataclasses in place of the parameters that hold them, as typer reads it."""
    taken = signature(command)
    groups = {
        name: one.annotation
        for name, one in taken.parameters.items()
        if isinstance(one.annotation, type) and is_dataclass(one.annotation)
    }
    options = {name: signature(group).parameters for name, group in groups.items()}

    @wraps(command)
    def read(**given: Any) -> int:
        made = {name: group(**{each: given.pop(each) for each in options[name]}) for name, group in groups.items()}
        return command(**given, **made)

    own = [one for name, one in taken.parameters.items() if name not in groups]
    spread = [option for fields in options.values() for option in fields.values()]
    read.__signature__ = taken.replace(parameters=[*own, *spread])  # type: ignore[attr-defined]
    return read
