"""Rows made from random numbers: endless for training, a fixed set for each split, longer ones held out where asked."""

import json
from abc import abstractmethod
from collections.abc import Iterator
from functools import cached_property
from hashlib import sha256
from inspect import signature

import numpy as np

from catalog.types import Count
from harness.tasks.tally import Ranges, even_ranges
from harness.tasks.task import Batch, Split, Task

# rows that trivial rows are counted on
COUNTED = 4_096
SPLITS: tuple[Split, ...] = ("val", "test")
LENGTH_STEP = 4


class Made(Task):
    """A task of drawn rows.

    `shortest` and `longest` bound the length of a row, drawn evenly. `longest_test` goes beyond `longest` in validation
    and test, to see what extrapolates. `evaluation_items` counts the rows of a split. Training and held-out rows have
    streams of their own; where few rows are possible, some occur in both by chance, and a note says how many do.

    A kind keeps each of its options as an attribute of the same name: the digest is made of them.

    Raises:
        ValueError: the lengths are out of order.
    """

    def __init__(self, shortest: Count, longest: Count, longest_test: Count | None, evaluation_items: Count) -> None:
        self.shortest, self.longest = shortest, longest
        self.longest_test = longest_test or longest
        self.evaluation_items = evaluation_items
        if not shortest <= longest <= self.longest_test:
            raise ValueError(
                f"shortest, longest, longest_test: must not fall (got {shortest}, {longest}, {self.longest_test})"
            )

    @abstractmethod
    def draw(self, first: int, count: int, longest: int, *key: str | int) -> Batch:
        """Rows `first` to `first + count` of the stream named by `key`, of up to `longest`."""

    def batch(self, seed: int, step: int, batch_size: int) -> Batch:
        return self.draw(step * batch_size, batch_size, self.longest, self.kind, seed, "train")

    def evaluation(self, split: Split, batch_size: int) -> Iterator[Batch]:
        for first in range(0, self.evaluation_items, batch_size):
            count = min(batch_size, self.evaluation_items - first)
            yield self.draw(first, count, self.longest_test, self.kind, split)

    @cached_property
    def notes(self) -> tuple[str, ...]:
        """How many held-out rows training shows too, where it does."""
        shown = set(_rows(self.batch(0, 0, COUNTED)))
        held_out = [row for split in SPLITS for batch in self.evaluation(split, COUNTED) for row in _rows(batch)]
        again = sum(row in shown for row in held_out)
        told = f"{again} of {len(held_out)} held-out rows are among the first {COUNTED:,} of training"
        return (f"{told}: short rows are few",) if again else ()

    def digest(self) -> str:
        options = {name: getattr(self, name) for name in sorted(signature(type(self)).parameters)}
        return sha256(f"{self.kind}/1/{json.dumps(options)}".encode()).hexdigest()


def _rows(batch: Batch) -> Iterator[bytes]:
    for row in batch.inputs.get("source", batch.inputs["tokens"]):
        yield np.trim_zeros(row, "b").tobytes()


def length_ranges(longest: int, longest_test: int) -> Ranges:
    """Ranges of lengths, in tokens; one ends where training ends."""
    trained = [(low, min(high, longest)) for low, high in even_ranges(longest, LENGTH_STEP)]
    return [*trained, *even_ranges(longest_test, LENGTH_STEP, smallest=longest + 1)]
