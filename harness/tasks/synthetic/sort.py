"""Sorting: write down the symbols that were read in their order."""

import numpy as np

from harness.tasks.registry import TASK
from harness.tasks.synthetic.made_pairs import Ints
from harness.tasks.synthetic.symbol_rows import SymbolRows
from harness.tasks.vocabulary import PAD


@TASK.register("sort", symbols=5, shortest=2, longest=6, evaluation_items=20)
class Sort(SymbolRows):
    """Write the symbols of a row from the least to the greatest, each as often as it occurs."""

    def target(self, source: Ints, lengths: Ints) -> Ints:
        last = np.where(source == PAD, np.iinfo(np.int64).max, source)
        ordered = np.sort(last, axis=1)
        return np.where(np.arange(source.shape[1]) < lengths[:, None], ordered, PAD)
