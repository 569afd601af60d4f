"""Addition: the sum of two numbers, digit by digit."""

import numpy as np

from catalog.types import Count, Flag
from harness.datasets.order import integers, rows
from harness.tasks.pair_batches import EncodedPairs
from harness.tasks.registry import TASK
from harness.tasks.synthetic.made_pairs import Ints, MadePairs, made_pairs
from harness.tasks.vocabulary import N_SPECIAL, PAD

PLUS = N_SPECIAL + 10


@TASK.register("addition", shortest=1, longest=3, evaluation_items=20)
class Addition(MadePairs):
    """Add two numbers of equally many decimal digits (Lee et al., 2023, https://arxiv.org/abs/2307.03381).

    The length of a row counts the digits of one number; leading zeros are kept, and the sum has one digit more.
    With `reverse` sums are written from their last digit on, so that a carry is known when it is needed.
    """

    metric = "nats per digit"
    unit = "digit"
    vocab_size = PLUS + 1

    def __init__(
        self,
        *,
        reverse: Flag = False,
        shortest: Count = 1,
        longest: Count = 4,
        longest_test: Count | None = None,
        evaluation_items: Count = 1_000,
    ) -> None:
        super().__init__(shortest, longest, longest_test, evaluation_items)
        self.reverse = reverse

    def source_length(self, length: int) -> int:
        return 2 * length + 1

    def target_length(self, length: int) -> int:
        return length + 1

    def make(self, first: int, count: int, longest: int, *key: str | int) -> EncodedPairs:
        raw = rows(first, count, 2 * longest + 1, *key)
        lengths = self.shortest + integers(raw[:, 0], longest - self.shortest + 1)
        # column j holds the digits of weight 10^j, zero above a row's own length
        held = np.arange(longest) < lengths[:, None]
        left, right = (np.where(held, integers(half, 10), 0) for half in np.split(raw[:, 1:], 2, axis=1))
        total = added(left, right)
        source = np.full((count, 2 * longest + 1), PAD)
        _put(source, lengths, left, 0, most_first=True)
        source[np.arange(count), lengths] = PLUS
        _put(source, lengths, right, lengths + 1, most_first=True)
        target = np.full((count, longest + 1), PAD)
        _put(target, lengths + 1, total, 0, most_first=not self.reverse)
        return made_pairs(source, 2 * lengths + 1, target, lengths + 1)


def added(left: Ints, right: Ints) -> Ints:
    """Digits of the sum of numbers whose column j has the weight 10^j."""
    total = np.zeros((len(left), left.shape[1] + 1), dtype=np.int64)
    for place in range(left.shape[1]):
        column = left[:, place] + right[:, place] + total[:, place]
        total[:, place], total[:, place + 1] = column % 10, column // 10
    return total


def _put(into: Ints, lengths: Ints, digits: Ints, start: Ints | int, most_first: bool) -> None:
    """Writes the lowest `lengths` digits of each row into `into`, from column `start` on."""
    for place in range(digits.shape[1]):
        at = start + (lengths - 1 - place if most_first else place)
        row = np.flatnonzero(place < lengths)
        columns = np.broadcast_to(at, lengths.shape)[row]
        into[row, columns] = N_SPECIAL + digits[row, place]
