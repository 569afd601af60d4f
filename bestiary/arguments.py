"""Reads the arguments of the quick commands, without a library that would cost more than the command."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from catalog.errors import did_you_mean


@dataclass(frozen=True)
class Usage:
    """What a command takes: names of its positional arguments, options with a value, flags.

    A name in brackets may be left out, and one with `...` may be given many times. `completes` says what the shell
    completes: for an option by its name, for positional arguments under the empty name (see `completion`).
    """

    command: str
    positional: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    flags: tuple[str, ...] = ("--json",)
    help: str = ""
    completes: Mapping[str, str] = field(default_factory=dict)

    @property
    def least(self) -> int:
        """How many positional arguments must be given."""
        return sum(not name.startswith("[") for name in self.positional)

    @property
    def most(self) -> float:
        """How many positional arguments may be given."""
        return math.inf if any("..." in name for name in self.positional) else len(self.positional)

    @property
    def line(self) -> str:
        """The command's form in one line."""
        options = [f"[{option} {option.strip('-').upper()}]" for option in self.options]
        return " ".join(["bestiary", self.command, *self.positional, *options, *(f"[{flag}]" for flag in self.flags)])


@dataclass
class Arguments:
    """What was given: positional arguments in order, values of options, flags."""

    positional: list[str] = field(default_factory=list)
    values: dict[str, list[str]] = field(default_factory=dict)
    flags: set[str] = field(default_factory=set)

    def last(self, option: str) -> str | None:
        """The value that an option was given last, or None."""
        return self.values[option][-1] if option in self.values else None

    def all(self, option: str) -> list[str]:
        """The values that an option was given, in order."""
        return self.values.get(option, [])


def read(usage: Usage, argv: Sequence[str]) -> Arguments:
    """The arguments of a command line.

    Raises:
        ValueError: an option is unknown or lacks its value, or the number of positional arguments is wrong.
    """
    given, waiting = Arguments(), list(argv)
    while waiting:
        word = waiting.pop(0)
        name, equals, value = word.partition("=")
        if word == "--":
            given.positional += waiting
            break
        if not word.startswith("-") or word == "-":
            given.positional.append(word)
        elif name in usage.options:
            if not equals and not waiting:
                raise ValueError(f"{name} needs a value; usage: {usage.line}")
            given.values.setdefault(name, []).append(value if equals else waiting.pop(0))
        elif word in usage.flags:
            given.flags.add(word)
        else:
            raise ValueError(_unknown(usage, word, name))
    if not usage.least <= len(given.positional) <= usage.most:
        wanted = " ".join(usage.positional) or "no argument"
        raise ValueError(f"{usage.command} takes {wanted}, got {given.positional or 'none'}; usage: {usage.line}")
    return given


def _unknown(usage: Usage, word: str, name: str) -> str:
    known = [*usage.options, *usage.flags, "--help"]
    near = did_you_mean(name, known)
    hint = f"did you mean {near}?" if near else f"allowed: {', '.join(known)}"
    return f"{usage.command} has no option {word}; {hint}"
