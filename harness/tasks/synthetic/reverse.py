"""Reversing: write down the row of symbols that was read from its end to its start."""

import numpy as np

from harness.tasks.registry import TASK
from harness.tasks.synthetic.made_pairs import Ints
from harness.tasks.synthetic.symbol_rows import SymbolRows
from harness.tasks.vocabulary import PAD


@TASK.register("reverse", symbols=5, shortest=2, longest=6, evaluation_items=20)
class Reverse(SymbolRows):
    """Write a row of symbols backwards."""

    def target(self, source: Ints, lengths: Ints) -> Ints:
        from_end = lengths[:, None] - 1 - np.arange(source.shape[1])
        turned = np.take_along_axis(source, np.maximum(from_end, 0), axis=1)
        return np.where(from_end >= 0, turned, PAD)
