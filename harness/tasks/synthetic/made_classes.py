"""Made tasks with one class for each row, with the same targets and loss for all three stacks."""

from abc import abstractmethod
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from catalog.types import Count
from harness.tasks.class_scores import score_classes, trivial_classes
from harness.tasks.counts import bigram_nats
from harness.tasks.heads import classifier_head
from harness.tasks.stack import require_stack
from harness.tasks.synthetic.made import COUNTED, Made, length_ranges
from harness.tasks.tally import Ranges
from harness.tasks.task import Batch, Scored, Spec, Task, Trivial
from harness.tasks.text_reading import POOLS, READINGS, EncodedTexts, Reading, text_sizes, view_of


class MadeClasses(Made):
    """A made task that every stack answers: an encoder pools the mean, a decoder its last token, a pair one target."""

    metric = "nats per row"
    stacks = frozenset({"encoder", "decoder", "encoder_decoder"})
    vocab_size: int
    n_classes: int

    def __init__(self, shortest: Count, longest: Count, longest_test: Count | None, evaluation_items: Count) -> None:
        super().__init__(shortest, longest, longest_test, evaluation_items)
        self.read: Reading = READINGS["encoder"]
        self.views: dict[str, MadeClasses] = {}

    @abstractmethod
    def make(self, first: int, count: int, longest: int, *key: str | int) -> EncodedTexts:
        """Rows `first` to `first + count` of a stream, with their classes and what errors are broken down by."""

    def row_length(self, length: int) -> int:
        """Tokens of a row of `length`."""
        return length

    def groups(self) -> dict[str, Ranges]:
        """Ranges of what errors are broken down by."""
        longest, longest_test = self.row_length(self.longest), self.row_length(self.longest_test)
        return {"source_length": length_ranges(longest, longest_test)}

    def draw(self, first: int, count: int, longest: int, *key: str | int) -> Batch:
        made = self.make(first, count, longest, *key)
        return Batch(
            inputs=self.read(made.ids, made.lengths),
            targets=made.classes,
            weights=np.ones(count, dtype=np.float32),
            groups={"source_length": made.lengths, **made.groups},
        )

    def adapt(self, spec: Spec) -> Spec:
        stack = require_stack(self.kind, spec, self.stacks)
        sizes = text_sizes(spec, self.vocab_size, self.row_length(self.longest_test))
        return {**spec, **sizes, "head": classifier_head(self.n_classes, POOLS[stack])}

    def for_model(self, spec: Spec) -> Task:
        return view_of(self, require_stack(self.kind, spec, self.stacks))

    def trivial(self) -> Trivial:
        """Also what the last token of a row alone says of its class."""
        counted = self.make(0, COUNTED, self.longest, self.kind, "counted")
        held_out = {
            split: self.make(0, self.evaluation_items, self.longest_test, self.kind, split) for split in ("val", "test")
        }
        rows = trivial_classes(counted.classes, {s: made.classes for s, made in held_out.items()}, self.n_classes)
        seen = (_last(counted), counted.classes)
        last = {s: bigram_nats(seen, (_last(made), made.classes), self.n_classes) for s, made in held_out.items()}
        return {**rows, "last token": {split: float(nats.mean()) for split, nats in last.items()}}

    def score(self, scored: Iterable[Scored]) -> dict[str, Any]:
        return score_classes(scored, self.groups())


def _last(made: EncodedTexts) -> npt.NDArray[np.int64]:
    return np.asarray(made.ids[np.arange(len(made)), made.lengths - 1])
