"""ListOps: the value of nested lists of digits under minimum, maximum, median and sum."""

from collections.abc import Callable, Iterator, Sequence
from statistics import median_low

import numpy as np

from catalog.types import Count
from harness.datasets.order import integers, rows
from harness.tasks.registry import TASK
from harness.tasks.synthetic.made_classes import MadeClasses
from harness.tasks.text_reading import EncodedTexts
from harness.tasks.vocabulary import N_SPECIAL, padded

DIGITS = 10
OPERATORS: tuple[Callable[[Sequence[int]], int], ...] = (min, max, median_low, lambda values: sum(values) % DIGITS)
CLOSE = DIGITS + len(OPERATORS)
# the shortest list is an operator, two digits and its closing bracket
SHORTEST_LIST = 4


@TASK.register("listops", arguments=3, shortest=4, longest=12, evaluation_items=20)
class ListOps(MadeClasses):
    """The digit that nested lists come to (Nangia and Bowman, 2018, https://arxiv.org/abs/1804.06028).

    A list is an operator (minimum, maximum, the lower median, or the sum modulo 10), two to `arguments` digits or
    lists, and a closing bracket. The length of a row bounds its tokens: lists share it among their arguments by chance,
    and a share too small for a list is one digit.

    Raises:
        ValueError: rows are too short for a list, or lists for two arguments.
    """

    vocab_size = N_SPECIAL + CLOSE + 1
    n_classes = DIGITS

    def __init__(
        self,
        *,
        arguments: Count = 5,
        shortest: Count = 4,
        longest: Count = 32,
        longest_test: Count | None = None,
        evaluation_items: Count = 1_000,
    ) -> None:
        for name, value, least in (("shortest", shortest, SHORTEST_LIST), ("arguments", arguments, 2)):
            if value < least:
                raise ValueError(f"{name}: too few for a list (got {value}; allowed: {least} or more)")
        super().__init__(shortest, longest, longest_test, evaluation_items)
        self.arguments = arguments

    def make(self, first: int, count: int, longest: int, *key: str | int) -> EncodedTexts:
        # a row of n tokens takes fewer than 2 n draws
        raw = rows(first, count, 1 + 2 * longest, *key)
        lengths = self.shortest + integers(raw[:, 0], longest - self.shortest + 1)
        made = [self._list(int(length), iter(row)) for length, row in zip(lengths, raw[:, 1:].tolist(), strict=True)]
        ids = [[N_SPECIAL + token for token in tokens] for tokens, _ in made]
        classes = np.array([value for _, value in made], dtype=np.int64)
        return EncodedTexts(padded(ids, longest), np.array([len(row) for row in ids]), classes)

    def _list(self, room: int, draw: Iterator[int]) -> tuple[list[int], int]:
        """Tokens and value of a list of at most `room` tokens; of a digit where there is no room for one."""
        if room < SHORTEST_LIST:
            digit = next(draw) % DIGITS
            return [digit], digit
        operator = next(draw) % len(OPERATORS)
        count = 2 + next(draw) % (min(self.arguments, room - 2) - 1)
        inner = [self._list(share, draw) for share in _shares(room - 2, count, draw)]
        tokens = [token for tokens, _ in inner for token in tokens]
        return [DIGITS + operator, *tokens, CLOSE], OPERATORS[operator]([value for _, value in inner])


def _shares(total: int, count: int, draw: Iterator[int]) -> list[int]:
    """`count` whole numbers of at least 1 that sum to `total`."""
    cuts = sorted(next(draw) % (total - count + 1) for _ in range(count - 1))
    return [1 + high - low for low, high in zip([0, *cuts], [*cuts, total - count], strict=True)]
