"""Copying: write down the row of symbols that was read, made for training without end."""

from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Any

import numpy as np

from catalog.types import Count
from harness.datasets.order import integers, rows
from harness.tasks.heads import lm_head
from harness.tasks.pair_batches import EncodedPairs, for_pairs, pair_batch
from harness.tasks.pair_scores import score_pairs, trivial_pairs
from harness.tasks.registry import TASK
from harness.tasks.stack import require_stack
from harness.tasks.task import Batch, Generation, Scored, Spec, Split, Task, Trivial
from harness.tasks.vocabulary import BOS, EOS, N_SPECIAL, PAD

# examples that trivial rows are counted on
COUNTED = 4_096


@TASK.register("copy", symbols=5, shortest=2, longest=6, evaluation_items=20)
class Copy(Task):
    """Write a row of symbols again; a decoder reads it as a prefix (Jelassi et al., https://arxiv.org/abs/2402.01032).

    `symbols` counts the different symbols, drawn evenly. `shortest` and `longest` bound the length of a row, drawn
    evenly too. `longest_test` goes beyond `longest` in validation and test, to see whether copying extrapolates.
    `evaluation_items` counts the rows of a split. Training and held-out rows have streams of their own; short rows of
    few symbols can occur in both by chance.

    Raises:
        ValueError: the lengths are out of order.
    """

    metric = "nats per symbol"
    stacks = frozenset({"decoder", "encoder_decoder"})

    def __init__(
        self,
        *,
        symbols: Count = 26,
        shortest: Count = 8,
        longest: Count = 16,
        longest_test: Count | None = None,
        evaluation_items: Count = 1_000,
    ) -> None:
        self.symbols, self.shortest, self.longest = symbols, shortest, longest
        self.longest_test = longest_test or longest
        self.evaluation_items = evaluation_items
        if not shortest <= longest <= self.longest_test:
            raise ValueError(
                f"shortest, longest, longest_test: must not fall (got {shortest}, {longest}, {self.longest_test})"
            )
        self.generation = Generation(BOS, EOS, max_new_tokens=self.longest_test + 1)

    def adapt(self, spec: Spec) -> Spec:
        stack = require_stack("copy", spec, self.stacks)
        sized = for_pairs(spec, stack, N_SPECIAL + self.symbols, self.longest_test, self.longest_test + 1)
        return {**sized, "head": lm_head(spec)}

    def batch(self, seed: int, step: int, batch_size: int) -> Batch:
        return pair_batch(self._draw(step * batch_size, batch_size, self.longest, seed, "train"), np.arange(batch_size))

    def evaluation(self, split: Split, batch_size: int) -> Iterator[Batch]:
        for first in range(0, self.evaluation_items, batch_size):
            count = min(batch_size, self.evaluation_items - first)
            yield pair_batch(self._draw(first, count, self.longest_test, split), np.arange(count))

    def trivial(self) -> Trivial:
        held_out = {split: list(self.evaluation(split, 1_000)) for split in ("val", "test")}
        return trivial_pairs(self._draw(0, COUNTED, self.longest, "counted"), held_out, N_SPECIAL + self.symbols)

    def score(self, scored: Iterable[Scored]) -> dict[str, Any]:
        return score_pairs(list(scored), "symbol", self.longest_test, self.longest_test)

    def digest(self) -> str:
        lengths = f"{self.shortest}/{self.longest}/{self.longest_test}"
        return sha256(f"copy/1/{self.symbols}/{lengths}/{self.evaluation_items}".encode()).hexdigest()

    def _draw(self, first: int, count: int, longest: int, *key: str | int) -> EncodedPairs:
        raw = rows(first, count, longest + 1, "copy", *key)
        lengths = self.shortest + integers(raw[:, 0], longest - self.shortest + 1)
        places = np.arange(longest + 1)
        row = N_SPECIAL + integers(raw[:, 1:], self.symbols)
        source = np.where(places[:-1] < lengths[:, None], row, PAD)
        target = np.concatenate([source, np.full((count, 1), PAD)], axis=1)
        target[places == lengths[:, None]] = EOS
        return EncodedPairs(source, lengths, target, lengths + 1, source[:, None])
