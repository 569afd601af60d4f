"""Parity: whether a row of bits holds an odd number of ones."""

import numpy as np

from catalog.types import Count
from harness.datasets.order import integers, rows
from harness.tasks.registry import TASK
from harness.tasks.synthetic.made_classes import MadeClasses
from harness.tasks.text_reading import EncodedTexts
from harness.tasks.vocabulary import N_SPECIAL, PAD


@TASK.register("parity", shortest=2, longest=6, evaluation_items=20)
class Parity(MadeClasses):
    """Say whether the ones of a row are odd in number, which every bit decides (Hahn, https://arxiv.org/abs/1906.06755)."""

    vocab_size = N_SPECIAL + 2
    n_classes = 2

    def __init__(
        self,
        *,
        shortest: Count = 2,
        longest: Count = 12,
        longest_test: Count | None = None,
        evaluation_items: Count = 1_000,
    ) -> None:
        super().__init__(shortest, longest, longest_test, evaluation_items)

    def make(self, first: int, count: int, longest: int, *key: str | int) -> EncodedTexts:
        raw = rows(first, count, longest + 1, *key)
        lengths = self.shortest + integers(raw[:, 0], longest - self.shortest + 1)
        inside = np.arange(longest) < lengths[:, None]
        bits = integers(raw[:, 1:], 2)
        return EncodedTexts(np.where(inside, N_SPECIAL + bits, PAD), lengths, (bits * inside).sum(axis=1) % 2)
