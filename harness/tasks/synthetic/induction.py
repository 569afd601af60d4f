"""Induction: go on with a row that was read once before."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from catalog.types import Count
from harness.datasets.order import integers, rows
from harness.tasks.counts import unigram_nats
from harness.tasks.heads import lm_head
from harness.tasks.registry import TASK
from harness.tasks.stack import require_stack
from harness.tasks.synthetic.made import COUNTED, Made, length_ranges
from harness.tasks.tally import accuracy, by_group, token_mean
from harness.tasks.task import Batch, Scored, Spec, Trivial
from harness.tasks.vocabulary import PAD


@TASK.register("induction", vocabulary_size=12, shortest=3, longest=6, evaluation_items=20)
class Induction(Made):
    """Read a row of distinct tokens and go on when it comes again (Olsson et al., 2022, https://arxiv.org/abs/2209.11895).

    `vocabulary_size` counts the tokens, id 0 left out. In the second copy every token but the first is scored: each
    follows from what stood behind the token before it, so that the whole answer lies in the row.

    Raises:
        ValueError: there are too few tokens for a row of distinct ones.
    """

    metric = "nats per repeated token"
    stacks = frozenset({"decoder"})

    def __init__(
        self,
        *,
        vocabulary_size: Count = 64,
        shortest: Count = 4,
        longest: Count = 24,
        longest_test: Count | None = None,
        evaluation_items: Count = 1_000,
    ) -> None:
        super().__init__(shortest, longest, longest_test, evaluation_items)
        self.vocabulary_size = vocabulary_size
        if shortest < 2:
            raise ValueError(f"shortest: a row of one token repeats nothing (got {shortest}; allowed: 2 or more)")
        if vocabulary_size < self.longest_test:
            raise ValueError(
                f"vocabulary_size: too few tokens for a row of distinct ones "
                f"(got {vocabulary_size}; allowed: {self.longest_test} or more)"
            )

    def adapt(self, spec: Spec) -> Spec:
        require_stack(self.kind, spec, self.stacks)
        sizes = {"vocab_size": self.vocabulary_size + 1, "context_length": 2 * self.longest_test - 1}
        return {**spec, **sizes, "head": lm_head(spec)}

    def draw(self, first: int, count: int, longest: int, *key: str | int) -> Batch:
        raw = rows(first, count, 1 + self.vocabulary_size, *key)
        lengths = self.shortest + integers(raw[:, 0], longest - self.shortest + 1)
        once = 1 + np.argsort(raw[:, 1:], axis=1, kind="stable")
        places = np.arange(2 * int(lengths.max()))
        row = np.take_along_axis(once, places % lengths[:, None], axis=1)
        row = np.where(places < 2 * lengths[:, None], row, PAD)
        scored = (places[:-1] >= lengths[:, None]) & (places[1:] < 2 * lengths[:, None])
        return Batch(
            inputs={"tokens": row[:, :-1], "padding_mask": row[:, :-1] != PAD},
            targets=np.where(scored, row[:, 1:], PAD),
            weights=scored.astype(np.float32),
            groups={"row_length": lengths},
        )

    def trivial(self) -> Trivial:
        """Unigram, and any token of the row, which needs no order."""
        counted = self.draw(0, COUNTED, self.longest, self.kind, "counted")
        one = unigram_nats(counted.targets[counted.weights > 0], self.vocabulary_size + 1)
        rows: Trivial = {"unigram": {}, "a token of the row": {}}
        for split in ("val", "test"):
            batches = list(self.evaluation(split, 1_000))
            lengths = np.concatenate([batch.groups["row_length"] for batch in batches])
            rows["unigram"][split] = _mean(one, batches)
            rows["a token of the row"][split] = float(np.average(np.log(lengths), weights=lengths - 1))
        return rows

    def score(self, scored: Iterable[Scored]) -> dict[str, Any]:
        listed = list(scored)
        return {
            "loss": token_mean(listed),
            "shown": {"accuracy": accuracy(listed)},
            "by": {"row_length": by_group(listed, "row_length", length_ranges(self.longest, self.longest_test))},
        }


def _mean(nats: Any, batches: list[Batch]) -> float:
    return float(nats[np.concatenate([batch.targets[batch.weights > 0] for batch in batches])].mean())
