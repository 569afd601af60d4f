"""In-context regression: the value of a linear function that the examples of the row alone define."""

from collections.abc import Iterable
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt

from catalog.types import Count
from harness.datasets.order import integers, rows, uniforms
from harness.tasks.counts import unigram_nats
from harness.tasks.heads import lm_head
from harness.tasks.registry import TASK
from harness.tasks.stack import require_stack
from harness.tasks.synthetic.made import COUNTED, Made
from harness.tasks.tally import accuracy, by_group, even_ranges, token_mean
from harness.tasks.task import Batch, Scored, Spec, Trivial

Floats = npt.NDArray[np.float64]


@TASK.register("in_context_regression", dimensions=2, examples=3, bins=8, evaluation_items=20)
class InContextRegression(Made):
    """Give y = w x after examples of x and y, w new in each row (after Garg et al., https://arxiv.org/abs/2208.01066).

    Numbers are tokens: the normal distribution is cut into `bins` of equal probability, an x is the centre of one, and
    the loss is the cross entropy of the bin that y falls into. So a predicted distribution is scored, as for any other
    task, and not a point. x has `dimensions` numbers, w is normal with a variance that gives y variance 1. A row holds
    `examples`, or `examples_test` in validation and test; every y is scored. `evaluation_items` counts the rows of a
    split. `squared_error` is that of the likeliest bin's centre.
    """

    metric = "nats per value"
    stacks = frozenset({"decoder"})

    def __init__(
        self,
        *,
        dimensions: Count = 2,
        examples: Count = 12,
        examples_test: Count | None = None,
        bins: Count = 32,
        evaluation_items: Count = 1_000,
    ) -> None:
        super().__init__(examples, examples, examples_test, evaluation_items)
        self.dimensions, self.examples, self.examples_test, self.bins = dimensions, examples, self.longest_test, bins
        normal = NormalDist()
        self.centres = np.array([normal.inv_cdf((place + 0.5) / bins) for place in range(bins)])
        self.edges = np.array([normal.inv_cdf(place / bins) for place in range(1, bins)])

    def adapt(self, spec: Spec) -> Spec:
        require_stack(self.kind, spec, self.stacks)
        # the last y of a row is a target alone
        length = self.examples_test * (self.dimensions + 1) - 1
        return {**spec, "vocab_size": 2 * self.bins, "context_length": length, "head": lm_head(spec)}

    def draw(self, first: int, count: int, longest: int, *key: str | int) -> Batch:
        size = self.dimensions
        raw = rows(first, count, 2 * size + longest * size, *key)
        weights = normals(raw[:, : 2 * size]) / size**0.5
        bins = integers(raw[:, 2 * size :], self.bins).reshape(count, longest, size)
        values = np.einsum("bnd,bd->bn", self.centres[bins], weights)
        answers = self.bins + np.searchsorted(self.edges, values)
        row = np.concatenate([bins, answers[:, :, None]], axis=2).reshape(count, -1)
        is_answer = np.arange(1, row.shape[1]) % (size + 1) == size
        return Batch(
            inputs={"tokens": row[:, :-1]},
            targets=np.where(is_answer, row[:, 1:], 0),
            weights=np.broadcast_to(is_answer, row[:, 1:].shape).astype(np.float32),
            groups={"example": np.broadcast_to(np.arange(1, row.shape[1]) // (size + 1) + 1, row[:, 1:].shape)},
        )

    def trivial(self) -> Trivial:
        counted = self.draw(0, COUNTED, self.longest, self.kind, "counted")
        one = unigram_nats(counted.targets[counted.weights > 0], 2 * self.bins)
        held_out = {split: list(self.evaluation(split, 1_000)) for split in ("val", "test")}
        means = {
            split: float(one[np.concatenate([b.targets[b.weights > 0] for b in batches])].mean())
            for split, batches in held_out.items()
        }
        return {"unigram": means}

    def score(self, scored: Iterable[Scored]) -> dict[str, Any]:
        listed = list(scored)
        return {
            "loss": token_mean(listed),
            "shown": {"accuracy": accuracy(listed), "squared_error": self._squared_error(listed)},
            "by": {"example": by_group(listed, "example", even_ranges(self.examples_test, 1))},
        }

    def _squared_error(self, scored: list[Scored]) -> float:
        held = [(s.predicted[s.batch.weights > 0], s.batch.targets[s.batch.weights > 0]) for s in scored]
        likeliest, right = (np.concatenate(part) for part in zip(*held, strict=True))
        place = np.clip(likeliest - self.bins, 0, self.bins - 1)
        return float(((self.centres[place] - self.centres[right - self.bins]) ** 2).mean())


def normals(raw: npt.NDArray[np.uint64]) -> Floats:
    """Standard normal numbers from twice as many raw ones (Box and Muller)."""
    radius, angle = np.split(uniforms(raw), 2, axis=1)
    return np.asarray(np.sqrt(-2 * np.log(radius)) * np.cos(2 * np.pi * angle))
