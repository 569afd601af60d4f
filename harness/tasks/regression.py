"""Regression: a number for a text, as a distribution over bins of equal share."""

from collections.abc import Iterable, Sequence
from typing import Any, Literal

import numpy as np

from catalog.types import Count
from harness.datasets.numbers import load_numbers
from harness.tasks.class_of_text import ClassOfText
from harness.tasks.registry import TASK
from harness.tasks.task import Array, Scored


@TASK.register("regression", bins=6, length=8, vocabulary_size=200, evaluation_items=100)
class Regression(ClassOfText):
    """Estimate a number that belongs to a text.

    `data` is dates (a date in one of 15 locales, and which day of the year it is), or a user's own: a .tsv or .jsonl
    file with text and value, a folder of one for each split, or hf:OWNER/NAME. The training values are cut into `bins`
    of equal share, and the loss is the cross entropy of the bin that a value falls into: a distribution is scored, and
    not a point. `absolute_error` is that of the likeliest bin's median, in the data's own unit.

    Raises:
        ValueError: there is no such data, or the values hardly differ.
    """

    def __init__(
        self,
        *,
        data: str = "dates",
        bins: Count = 24,
        unit: Literal["word", "byte", "character", "bpe"] = "word",
        vocabulary_size: Count | None = None,
        length: Count = 24,
        evaluation_items: Count = 2_000,
    ) -> None:
        self.bins = bins
        super().__init__(load_numbers(data), unit, vocabulary_size, length, evaluation_items)
        self._options += f"/{bins}"

    def learn(self, labels: Sequence[str]) -> None:
        values = np.sort([float(label) for label in labels])
        # an edge is the least value of its bin; values that repeat may make fewer bins than asked for
        edges = np.unique(values[[len(values) * place // self.bins for place in range(1, self.bins)]])
        self.edges = edges[edges > values[0]]
        if not len(self.edges):
            raise ValueError(
                f"data: the values hardly differ (got {values[0]:g} to {values[-1]:g}); no two bins differ"
            )
        self.n_classes = len(self.edges) + 1
        places = np.searchsorted(self.edges, values, side="right")
        self.medians = np.array([np.median(values[places == place]) for place in range(self.n_classes)])

    def class_of(self, label: str) -> int:
        return int(np.searchsorted(self.edges, float(label), side="right"))

    def groups_of(self, labels: Sequence[str]) -> dict[str, Array]:
        return {"value": np.array([float(label) for label in labels])}

    def score(self, scored: Iterable[Scored]) -> dict[str, Any]:
        listed = list(scored)
        told = super().score(listed)
        guessed = np.concatenate([self.medians[np.clip(s.predicted, 0, self.n_classes - 1)] for s in listed])
        values = np.concatenate([s.batch.groups["value"] for s in listed])
        return {**told, "shown": {**told["shown"], "absolute_error": float(np.abs(guessed - values).mean())}}
