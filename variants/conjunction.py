"""The conjunction of two visibilities: what the stack allows and what the branch allows."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from variants.parts import NO_MARKS, Marks, Visibility


class Both(Visibility):
    """Visible where both predicates allow it.

    Raises:
        ValueError: one knows global tokens, which are told by slot, and the other counts real tokens.
    """

    def __init__(self, first: Visibility, second: Visibility) -> None:
        super().__init__()
        self.first, self.second = first, second
        self.streaming = first.is_streaming or second.is_streaming
        self.prefixed = first.reads_prefix or second.reads_prefix
        self.unbroken = first.is_unbroken and second.is_unbroken
        self.counting = first.counts_real or second.counts_real
        self.n_global = second.n_global if first.n_global is None else first.n_global
        if self.counting and self.n_global is not None:
            raise ValueError("global tokens are told by slot, and this stack's visibility counts real tokens")
        self.reach = min((each.reach for each in (first, second) if each.reach is not None), default=None)
        self.ahead = min((each.ahead for each in (first, second) if each.ahead is not None), default=None)

    @property
    def is_streaming(self) -> bool:  # type: ignore[override]
        return self.streaming

    @property
    def is_unbroken(self) -> bool:  # type: ignore[override]
        return self.unbroken

    @property
    def reads_prefix(self) -> bool:  # type: ignore[override]
        return self.prefixed

    @property
    def counts_real(self) -> bool:  # type: ignore[override]
        return self.counting

    def allows(self, query: Tensor, key: Tensor, marks: Marks = NO_MARKS) -> Tensor:
        return self.first.allows(query, key, marks) & self.second.allows(query, key, marks)

    def signature(self) -> tuple[Any, ...]:
        return ("Both", self.first.signature(), self.second.signature())


def both(stack: Visibility | None, branch: Visibility | None) -> Visibility:
    """The stack's visibility, narrowed by the branch's own where it has one.

    Raises:
        ValueError: the part stands in no stack, so that nothing says what it may see.
    """
    if stack is None:
        raise ValueError("attention needs a stack with a visibility")
    return stack if branch is None else Both(stack, branch)
