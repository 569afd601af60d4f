"""A needle in a haystack: the value of the key that is asked for, somewhere in a long row."""

import numpy as np

from catalog.types import Count
from harness.datasets.order import integers, rows
from harness.tasks.registry import TASK
from harness.tasks.synthetic.made_classes import MadeClasses
from harness.tasks.tally import Ranges
from harness.tasks.text_reading import EncodedTexts
from harness.tasks.vocabulary import N_SPECIAL, PAD

FIFTHS = [(low + 1, low + 20) for low in range(0, 100, 20)]


@TASK.register("needle", values=4, needles=2, fillers=3, shortest=6, longest=12, evaluation_items=20)
class Needle(MadeClasses):
    """Find a key among filler and name the value behind it (after Hsieh et al., 2024, https://arxiv.org/abs/2404.06654).

    A row of filler holds `needles` needles, each a key of its own and one of `values` values; its last token is the
    key asked for. `fillers` counts the different tokens of the filler. `depth` tells where the needle stands, in
    percent of the row.

    Raises:
        ValueError: the shortest row has no room for the needles, or there is one value alone.
    """

    def __init__(
        self,
        *,
        values: Count = 16,
        needles: Count = 2,
        fillers: Count = 32,
        shortest: Count = 16,
        longest: Count = 64,
        longest_test: Count | None = None,
        evaluation_items: Count = 1_000,
    ) -> None:
        if shortest < 2 * needles + 1:
            room = (shortest - 1) // 2
            raise ValueError(f"needles: do not fit the shortest row (got {needles}; allowed: at most {room})")
        if values < 2:
            raise ValueError(f"values: leave no question (got {values}; allowed: 2 or more)")
        super().__init__(shortest, longest, longest_test, evaluation_items)
        self.values = self.n_classes = values
        self.needles, self.fillers = needles, fillers
        self.vocab_size = N_SPECIAL + needles + values + fillers

    def groups(self) -> dict[str, Ranges]:
        return {**super().groups(), "depth": FIFTHS}

    def make(self, first: int, count: int, longest: int, *key: str | int) -> EncodedTexts:
        slots = (longest - 1) // 2
        raw = rows(first, count, 2 + slots + self.needles + longest, *key)
        head, lots, drawn, filler = np.split(raw, [2, 2 + slots, 2 + slots + self.needles], axis=1)
        lengths = self.shortest + integers(head[:, 0], longest - self.shortest + 1)
        fits = 2 * np.arange(slots) + 1 < lengths[:, None] - 1
        lots = np.where(fits, lots >> np.uint64(1), np.uint64(2**64 - 1))
        # needle number i goes to the place of the i-th lowest lot
        places = 2 * np.argsort(lots, axis=1, kind="stable")[:, : self.needles]
        values = integers(drawn, self.values)
        ids = N_SPECIAL + self.needles + self.values + integers(filler, self.fillers)
        np.put_along_axis(ids, places, np.broadcast_to(N_SPECIAL + np.arange(self.needles), places.shape), axis=1)
        np.put_along_axis(ids, places + 1, N_SPECIAL + self.needles + values, axis=1)
        asked, row = integers(head[:, 1], self.needles), np.arange(count)
        ids[row, lengths - 1] = N_SPECIAL + asked
        ids = np.where(np.arange(longest) < lengths[:, None], ids, PAD)
        depth = 1 + 100 * places[row, asked] // lengths
        return EncodedTexts(ids, lengths, values[row, asked], {"depth": depth})
