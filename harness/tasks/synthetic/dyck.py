"""Dyck words: which bracket closes next."""

import numpy as np

from catalog.types import Count
from harness.datasets.order import integers, rows
from harness.tasks.registry import TASK
from harness.tasks.synthetic.made_classes import MadeClasses
from harness.tasks.tally import Ranges, even_ranges
from harness.tasks.text_reading import EncodedTexts
from harness.tasks.vocabulary import N_SPECIAL, PAD


@TASK.register("dyck", brackets=3, depth=3, shortest=2, longest=8, evaluation_items=20)
class Dyck(MadeClasses):
    """Name the bracket that must close next after a beginning of a Dyck word (Hewitt et al., https://arxiv.org/abs/2010.07515).

    `brackets` counts the kinds of brackets. `depth` bounds how many are open at once. At each place one opens or closes
    with even chance, where both are allowed; one at least is open at the end. The answer's own bracket can stand far
    back, and `distance` is how many tokens.

    Raises:
        ValueError: one kind of bracket leaves no question, or one open bracket at most no row of even length.
    """

    def __init__(
        self,
        *,
        brackets: Count = 8,
        depth: Count = 6,
        shortest: Count = 4,
        longest: Count = 24,
        longest_test: Count | None = None,
        evaluation_items: Count = 1_000,
    ) -> None:
        for name, value in (("brackets", brackets), ("depth", depth)):
            if value < 2:
                raise ValueError(f"{name}: leaves no question (got {value}; allowed: 2 or more)")
        super().__init__(shortest, longest, longest_test, evaluation_items)
        self.brackets = self.n_classes = brackets
        self.depth = depth
        self.vocab_size = N_SPECIAL + 2 * brackets

    def groups(self) -> dict[str, Ranges]:
        powers = [(2**k, 2 ** (k + 1) - 1) for k in range(self.longest_test.bit_length())]
        return {**super().groups(), "depth": even_ranges(self.depth, 1), "distance": powers}

    def make(self, first: int, count: int, longest: int, *key: str | int) -> EncodedTexts:
        raw = rows(first, count, 1 + 2 * longest, *key)
        lengths = self.shortest + integers(raw[:, 0], longest - self.shortest + 1)
        chance, kinds = integers(raw[:, 1 : longest + 1], 2), integers(raw[:, longest + 1 :], self.brackets)
        ids, depth = np.full((count, longest), PAD), np.zeros(count, dtype=np.int64)
        # where and of which kind each open bracket is, by depth; slot 0 is never read
        opened = np.zeros((count, self.depth + 1), dtype=np.int64)
        row = np.arange(count)
        for place in range(longest):
            going = place < lengths
            must_open = (depth == 0) | ((depth == 1) & (place == lengths - 1))
            opens = going & (depth < self.depth) & (must_open | (chance[:, place] == 0))
            closes = going & ~opens
            top = opened[row, depth]
            ids[closes, place] = (N_SPECIAL + self.brackets + kinds[row, top])[closes]
            ids[opens, place] = (N_SPECIAL + kinds[:, place])[opens]
            depth += opens.astype(np.int64) - closes
            opened[opens, depth[opens]] = place
        top = opened[row, depth]
        return EncodedTexts(ids, lengths, kinds[row, top], {"depth": depth, "distance": lengths - top})
