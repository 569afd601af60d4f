"""One class for each text: what naming a class and estimating a number share, for all three stacks alike."""

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from hashlib import sha256
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.datasets.labelled import Example, Labelled
from harness.datasets.order import epoch_order, step_indices
from harness.tasks.class_scores import score_classes, trivial_classes
from harness.tasks.heads import classifier_head
from harness.tasks.stack import require_stack
from harness.tasks.tally import even_ranges
from harness.tasks.task import Array, Batch, Scored, Spec, Split, Task, Trivial
from harness.tasks.text_reading import POOLS, READINGS, EncodedTexts, Reading, text_sizes, view_of
from harness.tasks.units import UNITS
from harness.tasks.vocabulary import padded

Ints = npt.NDArray[np.int64]
LENGTH_STEP = 4


class ClassOfText(Task):
    """An encoder pools the mean of a text, a decoder its last token, a pair of stacks one target token.

    `unit` is what one token is. `vocabulary_size` counts the ids of words or pieces, special ones included, learnt from
    training texts (8192 words or 2048 pieces unless given). `length` is where texts are cut off, in tokens.
    `evaluation_items` bounds the texts per split.
    """

    metric = "nats per text"
    stacks = frozenset({"encoder", "decoder", "encoder_decoder"})
    n_classes: int

    def __init__(
        self, data: Labelled, unit: str, vocabulary_size: int | None, length: int, evaluation_items: int
    ) -> None:
        self.data, self.length, self.evaluation_items = data, length, evaluation_items
        train = data.read("train")
        self.unit = UNITS[unit]([text for text, _ in train], vocabulary_size)
        self.token_ids = self.unit.ids()
        self._options = f"{self.unit.key}/{self.unit.vocab_size}/{length}/{evaluation_items}"
        self.views: dict[str, ClassOfText] = {}
        self.read: Reading = READINGS["encoder"]
        labels, rows = [label for _, label in train], [self.unit.encode(text) for text, _ in train]
        self.learn(labels)
        self._train = self._cut_off(rows, labels)
        self.notes = (*data.notes, *_told_of_cuts(rows, length, self.unit.said))
        self._held_out = cache(lambda split: self._encode(self.data.read(split)))

    @abstractmethod
    def learn(self, labels: Sequence[str]) -> None:
        """Learn the classes from the labels of training."""

    @abstractmethod
    def class_of(self, label: str) -> int:
        """The class of a label."""

    def groups_of(self, labels: Sequence[str]) -> dict[str, Array]:
        """What else scores need of each text."""
        return {}

    def adapt(self, spec: Spec) -> Spec:
        stack = require_stack(self.kind, spec, self.stacks)
        sizes = text_sizes(spec, self.unit.vocab_size, self.length)
        return {**spec, **sizes, "head": classifier_head(self.n_classes, POOLS[stack])}

    def for_model(self, spec: Spec) -> Task:
        return view_of(self, require_stack(self.kind, spec, self.stacks))

    def batch(self, seed: int, step: int, batch_size: int) -> Batch:
        return self._batch(self._train, step_indices(len(self._train), step, batch_size, seed, "train"))

    def evaluation(self, split: Split, batch_size: int) -> Iterator[Batch]:
        texts, order = self._held_out(split), self._order(split)
        for first in range(0, len(order), batch_size):
            yield self._batch(texts, order[first : first + batch_size])

    def trivial(self) -> Trivial:
        held_out = {split: self._held_out(split).classes[self._order(split)] for split in ("val", "test")}
        return trivial_classes(self._train.classes, held_out, self.n_classes)

    def score(self, scored: Iterable[Scored]) -> dict[str, Any]:
        return score_classes(scored, {"source_length": even_ranges(self.length, LENGTH_STEP)})

    def digest(self) -> str:
        return sha256(f"{self.data.digest}/{self.kind}/{self._options}".encode()).hexdigest()

    def _order(self, split: str) -> Ints:
        return epoch_order(len(self._held_out(split)), 0, split)[: self.evaluation_items]

    def _encode(self, examples: Sequence[Example]) -> EncodedTexts:
        return self._cut_off([self.unit.encode(text) for text, _ in examples], [label for _, label in examples])

    def _cut_off(self, rows: Sequence[Sequence[int]], labels: Sequence[str]) -> EncodedTexts:
        ids = [row[: self.length] for row in rows]
        classes = np.array([self.class_of(label) for label in labels], dtype=np.int64)
        lengths = np.array([len(row) for row in ids], dtype=np.int64)
        return EncodedTexts(padded(ids, self.length), lengths, classes, self.groups_of(labels))

    def _batch(self, texts: EncodedTexts, rows: Ints) -> Batch:
        lengths = texts.lengths[rows]
        return Batch(
            inputs=self.read(texts.ids[rows], lengths),
            targets=texts.classes[rows],
            weights=np.ones(len(rows), dtype=np.float32),
            groups={"source_length": lengths, **{name: values[rows] for name, values in texts.groups.items()}},
        )


def _told_of_cuts(rows: Sequence[Sequence[int]], length: int, said: str) -> Iterator[str]:
    longer = sum(len(row) > length for row in rows)
    if longer:
        yield f"{longer} of {len(rows)} training texts are longer than {length} {said}s, and are cut off there"
