"""Classification: one class per text, with the same targets and loss for all three stacks."""

from collections.abc import Iterable, Iterator
from functools import cache
from hashlib import sha256
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from catalog.types import Count
from harness.datasets.labelled import Example, load_labelled
from harness.datasets.order import epoch_order, step_indices
from harness.tasks.class_scores import score_classes, trivial_classes
from harness.tasks.heads import classifier_head
from harness.tasks.registry import TASK
from harness.tasks.stack import require_stack
from harness.tasks.tally import even_ranges
from harness.tasks.task import Batch, Scored, Spec, Split, Task, Trivial
from harness.tasks.text_reading import POOLS, READINGS, EncodedTexts, Reading, text_sizes, view_of
from harness.tasks.units import UNITS
from harness.tasks.vocabulary import padded

Ints = npt.NDArray[np.int64]
LENGTH_STEP = 4


@TASK.register("classification", length=8, vocabulary_size=200, evaluation_items=100)
class Classification(Task):
    """Name the class of a text: an encoder pools the mean, a decoder its last token, a pair of stacks one target token.

    `data` is an embedded set of labelled texts, or texts of a user's own: a .tsv or .jsonl file with text and label, a
    folder of one for each split, or hf:OWNER/NAME. `unit` is what one token is. `vocabulary_size` counts the ids of
    words or pieces, special ones included, learnt from training texts (8192 words or 2048 pieces unless given).
    `length` is where texts are cut off, in tokens. `evaluation_items` bounds the texts per split.

    Raises:
        ValueError: there are no such texts, or the vocabulary cannot be of that size.
    """

    metric = "nats per text"
    stacks = frozenset({"encoder", "decoder", "encoder_decoder"})

    def __init__(
        self,
        *,
        data: str = "wordnet",
        unit: Literal["word", "byte", "character", "bpe"] = "word",
        vocabulary_size: Count | None = None,
        length: Count = 24,
        evaluation_items: Count = 2_000,
    ) -> None:
        self.data = load_labelled(data)
        self.notes = self.data.notes
        self.length = length
        self.evaluation_items = evaluation_items
        train = self.data.read("train")
        self.classes = sorted({name for _, name in train})
        self.unit = UNITS[unit]([text for text, _ in train], vocabulary_size)
        self._options = f"{self.unit.key}/{self.unit.vocab_size}/{length}/{evaluation_items}"
        self._train = self._encode(train)
        self.views: dict[str, Classification] = {}
        self.read: Reading = READINGS["encoder"]
        self._held_out = cache(lambda split: self._encode(self.data.read(split)))

    def adapt(self, spec: Spec) -> Spec:
        stack = require_stack(self.kind, spec, self.stacks)
        sizes = text_sizes(spec, self.unit.vocab_size, self.length)
        return {**spec, **sizes, "head": classifier_head(len(self.classes), POOLS[stack])}

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
        return trivial_classes(self._train.classes, held_out, len(self.classes))

    def score(self, scored: Iterable[Scored]) -> dict[str, Any]:
        return score_classes(scored, {"source_length": even_ranges(self.length, LENGTH_STEP)})

    def digest(self) -> str:
        return sha256(f"{self.data.digest}/classification/{self._options}".encode()).hexdigest()

    def _order(self, split: str) -> Ints:
        return epoch_order(len(self._held_out(split)), 0, split)[: self.evaluation_items]

    def _encode(self, examples: list[Example]) -> EncodedTexts:
        ids = [self.unit.encode(text)[: self.length] for text, _ in examples]
        classes = [self.classes.index(name) for _, name in examples]
        return EncodedTexts(padded(ids, self.length), np.array([len(row) for row in ids]), np.array(classes))

    def _batch(self, texts: EncodedTexts, rows: Ints) -> Batch:
        classes, lengths = texts.classes[rows], texts.lengths[rows]
        return Batch(
            inputs=self.read(texts.ids[rows], lengths),
            targets=classes,
            weights=np.ones(len(rows), dtype=np.float32),
            groups={"source_length": lengths},
        )
