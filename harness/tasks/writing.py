"""Tasks whose models write something a person can read: their text to ids and back."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from harness.tasks.task import Array


@runtime_checkable
class Writing(Protocol):
    """What `bestiary generate` asks of a task."""

    def prompt(self, text: str) -> dict[str, Array]:
        """A person's text as the model's inputs, one row: what it goes on from, or its source.

        Raises:
            ValueError: there is no text, or the task has no id for a symbol of it.
        """

    def text_of(self, ids: Sequence[int]) -> str:
        """What generated ids say."""

    def stop(self, symbol: str) -> int:
        """The id of a symbol that ends what is written.

        Raises:
            ValueError: it is not one symbol of the task's.
        """
