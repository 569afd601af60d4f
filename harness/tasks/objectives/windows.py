"""A text as rows of tokens: drawn anywhere in training, fixed and apart in the held-out splits."""

from collections.abc import Iterator
from functools import cache

import numpy as np
import numpy.typing as npt

from harness.datasets.order import draws, epoch_order, integers
from harness.datasets.text import load_text
from harness.tasks.units import TEXT_UNITS

Ints = npt.NDArray[np.int64]


class Windows:
    """Windows of `size` ids of a text; those of a split start every `stride`, spread over all of it, in a fixed order.

    `tokens` bounds the ids that a split's windows hold. The unit learns from the training split alone.

    Raises:
        ValueError: the data cannot be read, or a split is shorter than a window.
    """

    def __init__(self, data: str, unit: str, vocabulary_size: int | None, size: int, stride: int, tokens: int) -> None:
        self.size, self.stride, self.tokens = size, stride, tokens
        self._text = load_text(data, stride)
        train = self._text.read("train").decode()
        self.unit = TEXT_UNITS[unit]([train], vocabulary_size)
        self.train = self._fitting("train", train)
        self._ids = cache(lambda split: self._fitting(split, self._text.read(split).decode()))

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know of how a text of their own was split."""
        return self._text.notes

    @property
    def digest(self) -> str:
        """That of the text; what the unit learnt from it is told by its key."""
        return self._text.digest

    def drawn(self, seed: int, step: int, count: int) -> Ints:
        """(count, size) ids for one training step."""
        starts = integers(draws(count, seed, "train", step), len(self.train) - self.size + 1)
        return _cut(self.train, starts, self.size)

    def held_out(self, split: str, count: int) -> Iterator[tuple[int, Ints]]:
        """The number of its first window, and ids (count, size), until the split is through."""
        ids, starts = self._ids(split), self._starts(split)
        for first in range(0, len(starts), count):
            yield first, _cut(ids, starts[first : first + count], self.size)

    def _starts(self, split: str) -> Ints:
        fit = 1 + (len(self._ids(split)) - self.size) // self.stride
        wanted = max(1, min(fit, self.tokens // self.stride))
        spread = (np.arange(wanted) * fit // wanted) * self.stride
        # shuffled, so that a first part of the evaluation stands for all of it
        return spread[epoch_order(wanted, 0, split)]

    def _fitting(self, split: str, text: str) -> Ints:
        ids = np.array(self.unit.encode(text), dtype=np.int64)
        if len(ids) < self.size:
            raise ValueError(
                f"data: the {split} split holds {len(ids)} tokens and context_length {self.stride} needs {self.size}; "
                "give a longer text or a smaller context_length"
            )
        return ids


def _cut(ids: Ints, starts: Ints, size: int) -> Ints:
    return np.asarray(ids[starts[:, None] + np.arange(size)])
