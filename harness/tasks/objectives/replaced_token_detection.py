"""Replaced-token detection: which tokens of a text were changed."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from catalog.types import Probability
from harness.datasets.order import integers
from harness.tasks.class_scores import trivial_classes
from harness.tasks.heads import token_score_head
from harness.tasks.objectives.corrupted_text import CorruptedText, Raw, chosen
from harness.tasks.objectives.windows import Ints
from harness.tasks.registry import TASK
from harness.tasks.stack import require_stack
from harness.tasks.tally import accuracy, by_group, token_mean
from harness.tasks.task import Batch, Scored, Spec, Trivial


@TASK.register("replaced_token_detection", context_length=16, evaluation_tokens=512)
@dataclass(kw_only=True, eq=False)
class ReplacedTokenDetection(CorruptedText):
    """Tell of every token of a text whether it was replaced (Clark et al., 2020, https://arxiv.org/abs/2003.10555).

    `share` of the places of each window, the same number in each, get another token from a fixed `generator`: any token
    of training as often as it occurs there (`unigram`), or one that followed the same token there, as often as it did
    so (`bigram`, much harder to tell). No generator is trained beside the model, so that all variants see the same
    replacements. A token drawn equal to the original counts as original.

    Raises:
        ValueError: the data cannot be read or is too small.
    """

    stacks = frozenset({"encoder"})
    draws_per_token = 2

    share: Probability = 0.15
    generator: Literal["unigram", "bigram"] = "unigram"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.metric = f"nats per {self.tokens.said}"
        train = self.windows.train
        self._order = np.argsort(train[:-1], kind="stable")
        self._counts = np.bincount(train[:-1], minlength=self.tokens.vocab_size)
        self._starts = np.cumsum(self._counts) - self._counts

    def adapt(self, spec: Spec) -> Spec:
        require_stack(self.kind, spec, self.stacks)
        sizes = {"vocab_size": self.tokens.vocab_size, "context_length": self.context_length}
        return {**spec, **sizes, "head": token_score_head(spec)}

    def corrupt(self, ids: Ints, raw: Raw) -> Batch:
        lots, drawn = np.split(raw, 2, axis=1)
        previous = np.concatenate([ids[:, -1:], ids[:, :-1]], axis=1)
        read = np.where(chosen(lots, self.share), self._generated(previous, drawn), ids)
        replaced = (read != ids).astype(np.int64)
        groups = {"replaced": replaced}
        return Batch({"tokens": read}, replaced, np.ones(ids.shape, dtype=np.float32), groups)

    def trivial(self) -> Trivial:
        held_out = {split: _all_targets(self.evaluation(split, 1_024)) for split in ("val", "test")}
        counted = _all_targets(self.batch(0, step, 64) for step in range(8))
        return trivial_classes(counted, held_out, 2)

    def score(self, scored: Iterable[Scored]) -> dict[str, Any]:
        listed = list(scored)
        kinds = by_group(listed, "replaced", [(0, 0), (1, 1)])
        found = {row["bucket"]: row["accuracy"] for row in kinds}
        return {
            "loss": token_mean(listed),
            "shown": {"accuracy": accuracy(listed), "replaced_found": found.get("1", 0.0)},
            "by": {"replaced": kinds},
        }

    def _generated(self, previous: Ints, raw: Raw) -> Ints:
        """Any token of training, or one that stood behind `previous` there, where one did."""
        train, counts = self.windows.train, self._counts[previous]
        if self.generator == "unigram":
            return train[integers(raw, len(train))]
        some = self._starts[previous] + integers(raw, np.maximum(counts, 1))
        known = train[1:][self._order[np.minimum(some, len(self._order) - 1)]]
        return np.where(counts > 0, known, train[integers(raw, len(train))])


def _all_targets(batches: Iterable[Batch]) -> Ints:
    return np.concatenate([batch.targets.ravel() for batch in batches])
