"""Functions that a run's settings name by kind; a keyword-only signature is the schema, as for parts of a model."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from catalog.records import PartRecord, options_of

F = TypeVar("F", bound=Callable[..., Any])
Part = dict[str, Any]


@dataclass
class Kinds(Generic[F]):
    """The functions of one sort of setting."""

    functions: dict[str, F] = field(default_factory=dict)

    def register(self, kind: str) -> Callable[[F], F]:
        """Registers a function under `kind`."""

        def decorate(function: F) -> F:
            self.functions[kind] = function
            return function

        return decorate

    def records(self) -> dict[str, PartRecord]:
        """The kinds in the form that the catalog validates against."""
        return {
            kind: PartRecord((function.__doc__ or "").split("\n")[0], options=options_of(function))
            for kind, function in sorted(self.functions.items())
        }

    def call(self, part: Part, *arguments: Any) -> Any:
        """Calls the function that a filled part names, with its options."""
        options = {name: value for name, value in part.items() if name != "kind"}
        return self.functions[part["kind"]](*arguments, **options)
