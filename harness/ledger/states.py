"""The states a run can be in, and what each means for whoever finds it."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """What happened to a run."""

    NEVER = "never"
    RUNNING = "running"
    INTERRUPTED = "interrupted"
    OOM = "oom"
    ERROR = "error"
    DIVERGED = "diverged"
    DONE = "done"

    @property
    def finished(self) -> bool:
        """Whether the run has its result; any other state is run again by the next launch."""
        return self in (State.DONE, State.DIVERGED)

    @property
    def failed(self) -> bool:
        """Whether this launch has given the run up."""
        return self in (State.OOM, State.ERROR)


NEXT: dict[State, frozenset[State]] = {
    State.NEVER: frozenset({State.RUNNING}),
    State.RUNNING: frozenset({State.RUNNING, State.INTERRUPTED, State.OOM, State.ERROR, State.DIVERGED, State.DONE}),
    State.INTERRUPTED: frozenset({State.RUNNING, State.OOM, State.ERROR}),
    State.OOM: frozenset({State.RUNNING}),
    State.ERROR: frozenset({State.RUNNING}),
    State.DIVERGED: frozenset(),
    State.DONE: frozenset(),
}


def check_transition(before: State, after: State) -> None:
    """Refuse a step that cannot happen.

    Raises:
        ValueError: `after` does not follow `before`.
    """
    if after not in NEXT[before]:
        allowed = ", ".join(sorted(NEXT[before])) or "none"
        raise ValueError(f"state: {after} cannot follow {before}; allowed: {allowed}")
