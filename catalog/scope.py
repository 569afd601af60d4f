"""What a silent part may take from around it: model dimensions by name, and the stack's own parts by sort."""

from collections.abc import Mapping
from typing import Any

from catalog.located import Mark, mark_of

ALWAYS = ("d_model", "n_layers", "vocab_size", "context_length")


class Scope:
    """Dimensions and parts in reach of a part; it remembers which dimensions were taken, so that none stays inert."""

    def __init__(self, dims: Mapping[str, Any], outer: "Scope | None" = None) -> None:
        self.dims = dims
        self.outer = outer
        self.parts: dict[str, Any] = {}
        self.taken: set[str] = set()
        self.passed_over: dict[str, str] = {}

    def __contains__(self, name: str) -> bool:
        return self.dims.get(name) is not None or (self.outer is not None and name in self.outer)

    def take(self, name: str) -> tuple[Any, Mark | None]:
        """A dimension's value and where it was written."""
        if self.dims.get(name) is not None:
            self.taken.add(name)
            return self.dims[name], mark_of(self.dims, name)
        assert self.outer is not None
        return self.outer.take(name)

    def pass_over(self, name: str, path: str) -> None:
        """Note that the part at `path` has its own value of this dimension."""
        scope: Scope | None = self
        while scope is not None:
            scope.passed_over.setdefault(name, path)
            scope = scope.outer

    def part(self, sort: str) -> Any:
        """The part of this sort that the stack sets, or None."""
        return self.parts.get(sort)

    def inert(self) -> list[str]:
        """Dimensions that no part took."""
        return [name for name, value in self.dims.items() if value is not None and name not in self.taken]
