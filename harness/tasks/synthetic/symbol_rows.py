"""Made pairs whose source is a row of symbols drawn evenly, and whose target is that row in another order."""

from abc import abstractmethod

import numpy as np

from catalog.types import Count
from harness.datasets.order import integers, rows
from harness.tasks.pair_batches import EncodedPairs
from harness.tasks.synthetic.made_pairs import Ints, MadePairs, made_pairs
from harness.tasks.task import TokenIds
from harness.tasks.vocabulary import N_SPECIAL, PAD


class SymbolRows(MadePairs):
    """A row of drawn symbols.

    `symbols` counts the different symbols, drawn evenly.
    """

    def __init__(
        self,
        *,
        symbols: Count = 26,
        shortest: Count = 8,
        longest: Count = 16,
        longest_test: Count | None = None,
        evaluation_items: Count = 1_000,
    ) -> None:
        self.symbols, self.vocab_size = symbols, N_SPECIAL + symbols
        super().__init__(shortest, longest, longest_test, evaluation_items)
        # a symbol is the same one in every task of this sort
        self.token_ids = TokenIds("symbols", 0, self.vocab_size)

    @abstractmethod
    def target(self, source: Ints, lengths: Ints) -> Ints:
        """The targets of padded rows, padded alike."""

    def make(self, first: int, count: int, longest: int, *key: str | int) -> EncodedPairs:
        raw = rows(first, count, longest + 1, *key)
        lengths = self.shortest + integers(raw[:, 0], longest - self.shortest + 1)
        symbols = N_SPECIAL + integers(raw[:, 1:], self.symbols)
        source = np.where(np.arange(longest) < lengths[:, None], symbols, PAD)
        return made_pairs(source, lengths, self.target(source, lengths), lengths)
