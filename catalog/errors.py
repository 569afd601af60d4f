"""What is wrong with an entry: faults with their place, and the one error that carries them all."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from catalog.located import Mark

UNSET: Any = object()


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong: where, in which field, what was found and what is allowed."""

    file: str | None
    line: int | None
    field: str
    value: Any
    message: str
    allowed: str | None = None
    suggestion: str | None = None

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}: " if self.line else f"{self.file}: " if self.file else ""
        notes = [
            "" if self.value is UNSET else f"got {_short(self.value)}",
            f"allowed: {self.allowed}" if self.allowed else "",
            f"did you mean {self.suggestion}?" if self.suggestion else "",
        ]
        told = "; ".join(note for note in notes if note)
        return f"{place}{f'{self.field}: ' if self.field else ''}{self.message}{f' ({told})' if told else ''}"


class CatalogError(Exception):
    """All faults of one request; its text is one line for each."""

    exit_code = 2

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = list(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


def refusal(
    where: Mark | None,
    name: str,
    message: str,
    *,
    value: Any = UNSET,
    allowed: str | None = None,
    suggestion: str | None = None,
) -> CatalogError:
    """The error of a single fault."""
    file, line = (where.file, where.line) if where else (None, None)
    return CatalogError([Fault(file, line, name, value, message, allowed, suggestion)])


@dataclass
class Faults:
    """Collects faults, so that all of a file are told at once; `incomplete` when a part could not be made at all."""

    found: dict[tuple[Any, ...], Fault] = field(default_factory=dict)
    incomplete: bool = False

    def add(
        self,
        where: Mark | None,
        name: str,
        message: str,
        *,
        value: Any = UNSET,
        allowed: str | None = None,
        suggestion: str | None = None,
    ) -> None:
        """Note a fault; the same fault of the same line, reached through two blocks, counts once."""
        file, line = (where.file, where.line) if where else (None, None)
        fault = Fault(file, line, name, value, message, allowed, suggestion)
        key = (file, line, name.rpartition(".")[2], message) if where else (name, message)
        self.found.setdefault(key, fault)

    def raise_any(self) -> None:
        """Raise what was found.

        Raises:
            CatalogError: at least one fault was found.
        """
        if self.found:
            raise CatalogError(self)

    def __iter__(self) -> Iterator[Fault]:
        return iter(self.found.values())


def did_you_mean(word: Any, known: Iterable[str]) -> str | None:
    """The known name nearest to a word, when one is near."""
    import difflib  # 3 ms that only a mistake should cost

    names = list(known)
    folded = {name.lower().replace("-", "_"): name for name in names}
    wanted = str(word).lower().replace("-", "_")
    near = difflib.get_close_matches(wanted, folded, n=1, cutoff=0.6)
    # a word of three letters or more may be the beginning of what was meant
    near = near or sorted((name for name in folded if len(wanted) > 2 and name.startswith(wanted)), key=len)[:1]
    return folded[near[0]] if near else None


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
