"""Running text of which some places are hidden or changed: what the tasks for encoders share."""

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from inspect import signature
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from catalog.types import Count
from harness.datasets.order import rows
from harness.tasks.objectives.windows import Ints, Windows
from harness.tasks.task import Batch, Split, Task

Raw = npt.NDArray[np.uint64]


@dataclass(kw_only=True, eq=False)
class CorruptedText(Task):
    """Windows of a text, each with random numbers of its own that say what becomes of it.

    `data` is an embedded text or a user's own: a UTF-8 file, documents in a .jsonl file, or hf:OWNER/NAME. `unit` is
    what one token is: a byte, a character of the training text, or a piece of a word (`bpe`). `vocabulary_size` counts
    the ids of pieces, special ones included (2048 unless given). `context_length` counts the tokens of a window.
    `evaluation_tokens` bounds the tokens per split, whose windows are spread over all of it and always corrupted alike.

    A kind adds its own options as fields, of which the digest is made too, and reads them in `__post_init__`.
    """

    data: str = "shakespeare"
    unit: Literal["byte", "character", "bpe"] = "byte"
    vocabulary_size: Count | None = None
    context_length: Count = 64
    evaluation_tokens: Count = 32_768

    def __post_init__(self) -> None:
        length = self.context_length
        self.windows = Windows(self.data, self.unit, self.vocabulary_size, length, length, self.evaluation_tokens)
        self.tokens, self.notes = self.windows.unit, self.windows.notes
        self.token_ids = self.tokens.ids()

    @abstractmethod
    def corrupt(self, ids: Ints, raw: Raw) -> Batch:
        """The batch of windows (B, context_length), from `draws_per_token` random numbers for each token."""

    draws_per_token = 1

    def batch(self, seed: int, step: int, batch_size: int) -> Batch:
        ids = self.windows.drawn(seed, step, batch_size)
        return self.corrupt(ids, self._raw(step * batch_size, batch_size, seed, "train"))

    def evaluation(self, split: Split, batch_size: int) -> Iterator[Batch]:
        for first, ids in self.windows.held_out(split, batch_size):
            yield self.corrupt(ids, self._raw(first, len(ids), split))

    def digest(self) -> str:
        known = {"data", "unit", "vocabulary_size"}
        options: dict[str, Any] = {
            n: getattr(self, n) for n in sorted(signature(type(self)).parameters) if n not in known
        }
        said = f"{self.kind}/{self.tokens.key}/{self.tokens.vocab_size}/{options}"
        return sha256(f"{self.windows.digest}/{said}".encode()).hexdigest()

    def _raw(self, first: int, count: int, *key: str | int) -> Raw:
        return rows(first, count, self.draws_per_token * self.context_length, "corrupt", *key)


def chosen(raw: Raw, share: float) -> npt.NDArray[np.bool_]:
    """The same number of places of each row, the nearest to `share` of them and at least one."""
    count = max(1, round(share * raw.shape[1]))
    rank = np.argsort(np.argsort(raw, axis=1, kind="stable"), axis=1, kind="stable")
    return np.asarray(rank < count)
