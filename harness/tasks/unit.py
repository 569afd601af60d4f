"""The contract of a unit: what one token of a text is, as ids and back."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from harness.tasks.task import TokenIds
from harness.tasks.vocabulary import N_SPECIAL

BYTES = 256
Ints = npt.NDArray[np.int64]


class Unit(ABC):
    """Texts to ids; ids below N_SPECIAL are special.

    `said` names a token in metrics, `key` stands for the unit and what it learnt beside the digest of its data, and
    `meaning` for what its ids mean, whatever the data.
    """

    said: ClassVar[str]
    key: str
    vocab_size: int

    @property
    def meaning(self) -> str:
        """Equal for units that give equal ids to equal texts."""
        return self.key

    def ids(self, first: int = N_SPECIAL) -> TokenIds:
        """The ids of a task whose tokens of this unit start at `first`."""
        return TokenIds(self.meaning, first, self.vocab_size - N_SPECIAL)

    @abstractmethod
    def __init__(self, texts: Sequence[str], vocabulary_size: int | None) -> None:
        """The unit that training texts define."""

    @abstractmethod
    def encode(self, text: str) -> list[int]:
        """The ids of a text."""


class TextUnit(Unit):
    """A unit that loses nothing, so that texts come back and losses can be told per byte."""

    byte_lengths: Ints

    @abstractmethod
    def decode(self, ids: Sequence[int]) -> str:
        """The text of ids; ids that are special say nothing."""


def lengths(of_bytes: Sequence[int]) -> Ints:
    """Bytes of each id, from those of the ids that are not special."""
    return np.array([*[0] * N_SPECIAL, *of_bytes], dtype=np.int64)
