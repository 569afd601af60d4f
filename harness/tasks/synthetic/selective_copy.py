"""Selective copying: write down the symbols that were read, and none of the noise between them."""

import numpy as np

from catalog.types import Count
from harness.datasets.order import integers, rows
from harness.tasks.pair_batches import EncodedPairs
from harness.tasks.registry import TASK
from harness.tasks.synthetic.made_pairs import MadePairs, made_pairs
from harness.tasks.vocabulary import N_SPECIAL, PAD

NOISE = N_SPECIAL


@TASK.register("selective_copy", symbols=5, copied=2, shortest=3, longest=8, evaluation_items=20)
class SelectiveCopy(MadePairs):
    """Write the symbols of a row in their order and leave the noise out (Gu and Dao, https://arxiv.org/abs/2312.00752).

    `symbols` counts the different symbols. `copied` of them stand in each row, at places drawn evenly; all other
    places hold one and the same noise token.

    Raises:
        ValueError: the shortest row has no room for the symbols.
    """

    def __init__(
        self,
        *,
        symbols: Count = 16,
        copied: Count = 8,
        shortest: Count = 16,
        longest: Count = 32,
        longest_test: Count | None = None,
        evaluation_items: Count = 1_000,
    ) -> None:
        if shortest < copied:
            raise ValueError(f"copied: does not fit the shortest row (got {copied}; allowed: at most {shortest})")
        self.symbols, self.copied, self.vocab_size = symbols, copied, NOISE + 1 + symbols
        super().__init__(shortest, longest, longest_test, evaluation_items)

    def target_length(self, length: int) -> int:
        return self.copied

    def make(self, first: int, count: int, longest: int, *key: str | int) -> EncodedPairs:
        raw = rows(first, count, 1 + longest + self.copied, *key)
        lengths = self.shortest + integers(raw[:, 0], longest - self.shortest + 1)
        inside = np.arange(longest) < lengths[:, None]
        lots = np.where(inside, raw[:, 1 : 1 + longest] >> np.uint64(1), np.uint64(2**64 - 1))
        places = np.sort(np.argsort(lots, axis=1, kind="stable")[:, : self.copied], axis=1)
        target = NOISE + 1 + integers(raw[:, 1 + longest :], self.symbols)
        source = np.where(inside, NOISE, PAD)
        np.put_along_axis(source, places, target, axis=1)
        return made_pairs(source, lengths, target, np.full(count, self.copied))
