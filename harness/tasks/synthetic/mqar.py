"""Multi-query associative recall (Arora et al., 2023, https://arxiv.org/abs/2312.04927)."""

import math
from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Any

import numpy as np
import numpy.typing as npt

from catalog.types import Count, Positive
from harness.datasets.order import integers, rows, uniforms
from harness.tasks.heads import lm_head
from harness.tasks.registry import TASK
from harness.tasks.stack import require_stack
from harness.tasks.tally import accuracy, by_group, token_mean
from harness.tasks.task import Batch, Scored, Spec, Split, Task, Trivial

Ints = npt.NDArray[np.int64]


@TASK.register("mqar", vocabulary_size=32, context_length=16, pairs=2, evaluation_items=20)
class Mqar(Task):
    """Recall the value that stood beside each key (Arora et al., 2023, https://arxiv.org/abs/2312.04927).

    A row of `context_length` tokens opens with `pairs` pairs of a key and a value. Behind them every key comes once
    more, followed by its value, at an even distance that is drawn without replacement from a power law of exponent
    `power` - 1 (a small `power` keeps most queries near). The model is scored on the value at each of these second
    keys. Keys are distinct and come from the lower half of `vocabulary_size`, values from the upper half; the
    remaining places hold random values, so that nothing but the opening pairs names a key. `evaluation_items` counts
    the rows of a split.

    Raises:
        ValueError: the context cannot hold the pairs and their queries, or the vocabulary has too few keys or is odd.
    """

    metric = "nats per recalled value"
    stacks = frozenset({"decoder"})

    def __init__(
        self,
        *,
        vocabulary_size: Count = 512,
        context_length: Count = 64,
        pairs: Count = 4,
        power: Positive = 0.01,
        evaluation_items: Count = 1_000,
    ) -> None:
        _refuse_unfit(vocabulary_size, context_length, pairs)
        self.half, self.context_length, self.pairs = vocabulary_size // 2, context_length, pairs
        self.slots = (context_length - 2 * pairs) // 2
        self.power, self.evaluation_items = power, evaluation_items

    def adapt(self, spec: Spec) -> Spec:
        require_stack(self.kind, spec, self.stacks)
        sizes = {"vocab_size": 2 * self.half, "context_length": self.context_length}
        return {**spec, **sizes, "head": lm_head(spec)}

    def batch(self, seed: int, step: int, batch_size: int) -> Batch:
        return self._draw(step * batch_size, batch_size, seed, "train")

    def evaluation(self, split: Split, batch_size: int) -> Iterator[Batch]:
        for first in range(0, self.evaluation_items, batch_size):
            yield self._draw(first, min(batch_size, self.evaluation_items - first), split)

    def trivial(self) -> Trivial:
        """Exact, since values are drawn evenly: one of all values, or one of those in the row."""
        loss = {"unigram": math.log(self.half), "a value of the row": math.log(self.pairs)}
        return {name: dict.fromkeys(("val", "test"), nats) for name, nats in loss.items()}

    def score(self, scored: Iterable[Scored]) -> dict[str, Any]:
        rows_scored = list(scored)
        shown = {"accuracy": accuracy(rows_scored)}
        ranges = [(2**k, 2 ** (k + 1) - 1) for k in range(self.context_length.bit_length())]
        return {
            "loss": token_mean(rows_scored),
            "shown": shown,
            "by": {"distance": by_group(rows_scored, "distance", ranges)},
        }

    def digest(self) -> str:
        options = f"{self.half}/{self.context_length}/{self.pairs}/{self.power}/{self.evaluation_items}"
        return sha256(f"mqar/1/{options}".encode()).hexdigest()

    def _draw(self, first: int, count: int, *key: str | int) -> Batch:
        raw = rows(first, count, self.half + self.slots + self.context_length, "mqar", *key)
        order, gaps, filler = np.split(raw, [self.half, self.half + self.slots], axis=1)
        keys = np.argsort(order, axis=1, kind="stable")[:, : self.pairs]
        tokens = self.half + integers(filler, self.half)
        values = tokens[:, 1 : 2 * self.pairs : 2]
        tokens[:, 0 : 2 * self.pairs : 2] = keys
        queries = 2 * self.pairs + 2 * self._slots(gaps)
        np.put_along_axis(tokens, queries, keys, axis=1)
        np.put_along_axis(tokens, queries + 1, values, axis=1)
        return self._batch(tokens, queries, values)

    def _slots(self, raw: npt.NDArray[np.uint64]) -> Ints:
        """Slots of the queries, key by key: the `pairs` largest of log weight plus Gumbel noise, in falling order.

        That is the same as drawing one after the other without replacement.
        """
        weights = (self.power - 1) * np.log(np.arange(1, self.slots + 1))
        noisy = weights - np.log(-np.log(uniforms(raw)))
        return np.argsort(-noisy, axis=1, kind="stable")[:, : self.pairs]

    def _batch(self, tokens: Ints, queries: Ints, values: Ints) -> Batch:
        targets, distance = np.zeros_like(tokens), np.zeros_like(tokens)
        weights = np.zeros(tokens.shape, dtype=np.float32)
        np.put_along_axis(targets, queries, values, axis=1)
        np.put_along_axis(weights, queries, np.float32(1), axis=1)
        np.put_along_axis(distance, queries, queries - 2 * np.arange(self.pairs), axis=1)
        return Batch({"tokens": tokens}, targets, weights, {"distance": distance})


def _refuse_unfit(vocabulary_size: int, context_length: int, pairs: int) -> None:
    if context_length < 4 * pairs:
        raise ValueError(
            f"context_length: too short for {pairs} pairs and their queries "
            f"(got {context_length}; allowed: {4 * pairs} or more)"
        )
    if vocabulary_size % 2 or vocabulary_size < 2 * pairs:
        raise ValueError(
            f"vocabulary_size: one half are keys, the other values, at least {pairs} each "
            f"(got {vocabulary_size}; allowed: even numbers from {2 * pairs})"
        )
