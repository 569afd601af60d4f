"""Modular arithmetic: the value of a row of numbers and operators, from left to right."""

import numpy as np

from catalog.types import Count
from harness.datasets.order import integers, rows
from harness.tasks.registry import TASK
from harness.tasks.synthetic.made_classes import MadeClasses
from harness.tasks.text_reading import EncodedTexts
from harness.tasks.vocabulary import N_SPECIAL, PAD

OPERATORS = 3


@TASK.register("modular_arithmetic", modulus=3, shortest=1, longest=4, evaluation_items=20)
class ModularArithmetic(MadeClasses):
    """The remainder of an expression without brackets (after Deletang et al., https://arxiv.org/abs/2207.02098).

    The length of a row counts numbers, with one of +, - and * between each two; all operators bind alike, from left
    to right. `modulus` is what the remainder is taken by, and one more than the largest number.

    Raises:
        ValueError: the modulus leaves no choice of answers.
    """

    def __init__(
        self,
        *,
        modulus: Count = 5,
        shortest: Count = 1,
        longest: Count = 6,
        longest_test: Count | None = None,
        evaluation_items: Count = 1_000,
    ) -> None:
        if modulus < 2:
            raise ValueError(f"modulus: leaves one answer (got {modulus}; allowed: 2 or more)")
        super().__init__(shortest, longest, longest_test, evaluation_items)
        self.modulus = self.n_classes = modulus
        self.vocab_size = N_SPECIAL + modulus + OPERATORS

    def row_length(self, length: int) -> int:
        return 2 * length - 1

    def make(self, first: int, count: int, longest: int, *key: str | int) -> EncodedTexts:
        raw = rows(first, count, 2 * longest, *key)
        lengths = self.shortest + integers(raw[:, 0], longest - self.shortest + 1)
        numbers = integers(raw[:, 1 : longest + 1], self.modulus)
        operators = integers(raw[:, longest + 1 :], OPERATORS)
        ids = np.full((count, 2 * longest - 1), PAD)
        ids[:, 0::2] = N_SPECIAL + numbers
        ids[:, 1::2] = N_SPECIAL + self.modulus + operators
        value = numbers[:, 0]
        for place in range(1, longest):
            number = numbers[:, place]
            choices = [value + number, value - number, value * number]
            value = np.where(place < lengths, np.choose(operators[:, place - 1], choices) % self.modulus, value)
        tokens = 2 * lengths - 1
        return EncodedTexts(np.where(np.arange(ids.shape[1]) < tokens[:, None], ids, PAD), tokens, value)
