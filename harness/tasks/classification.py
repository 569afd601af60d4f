"""Classification: one class per text, with the same targets and loss for all three stacks."""

from collections.abc import Sequence
from typing import Literal

from catalog.types import Count
from harness.datasets.labelled import load_labelled
from harness.tasks.class_of_text import ClassOfText
from harness.tasks.registry import TASK


@TASK.register("classification", length=8, vocabulary_size=200, evaluation_items=100)
class Classification(ClassOfText):
    """Name the class of a text.

    `data` is an embedded set of labelled texts, or texts of a user's own: a .tsv or .jsonl file with text and label, a
    folder of one for each split, or hf:OWNER/NAME.

    Raises:
        ValueError: there are no such texts, or the vocabulary cannot be of that size.
    """

    def __init__(
        self,
        *,
        data: str = "wordnet",
        unit: Literal["word", "byte", "character", "bpe"] = "word",
        vocabulary_size: Count | None = None,
        length: Count = 24,
        evaluation_items: Count = 2_000,
    ) -> None:
        super().__init__(load_labelled(data), unit, vocabulary_size, length, evaluation_items)

    def learn(self, labels: Sequence[str]) -> None:
        self.classes = sorted(set(labels))
        self.n_classes = len(self.classes)

    def class_of(self, label: str) -> int:
        return self.classes.index(label)
