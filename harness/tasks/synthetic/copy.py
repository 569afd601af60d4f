"""Copying: write down the row of symbols that was read."""

from harness.tasks.registry import TASK
from harness.tasks.synthetic.made_pairs import Ints
from harness.tasks.synthetic.symbol_rows import SymbolRows


@TASK.register("copy", symbols=5, shortest=2, longest=6, evaluation_items=20)
class Copy(SymbolRows):
    """Write a row of symbols again; a decoder reads it as a prefix (Jelassi et al., https://arxiv.org/abs/2402.01032)."""

    def target(self, source: Ints, lengths: Ints) -> Ints:
        return source
