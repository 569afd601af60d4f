"""Made tasks with a source and a target: what follows from a drawn row, written symbol by symbol."""

from abc import abstractmethod
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from catalog.types import Count
from harness.tasks.heads import lm_head
from harness.tasks.pair_batches import EncodedPairs, for_pairs, pair_batch
from harness.tasks.pair_scores import score_pairs, trivial_pairs
from harness.tasks.stack import require_stack
from harness.tasks.synthetic.made import COUNTED, Made, length_ranges
from harness.tasks.task import Batch, Generation, Scored, Spec, TokenIds, Trivial
from harness.tasks.vocabulary import BOS, EOS, PAD

Ints = npt.NDArray[np.int64]


class MadePairs(Made):
    """A made task for decoders, which read the source as a prefix, and for pairs of stacks; scored alike."""

    metric = "nats per symbol"
    unit = "symbol"
    stacks = frozenset({"decoder", "encoder_decoder"})
    vocab_size: int

    def __init__(self, shortest: Count, longest: Count, longest_test: Count | None, evaluation_items: Count) -> None:
        super().__init__(shortest, longest, longest_test, evaluation_items)
        self.token_ids = TokenIds(f"{self.kind}/{self.vocab_size}", 0, self.vocab_size)
        self.generation = Generation(BOS, EOS, max_new_tokens=self.target_length(self.longest_test) + 1)

    @abstractmethod
    def make(self, first: int, count: int, longest: int, *key: str | int) -> EncodedPairs:
        """Pairs `first` to `first + count` of a stream."""

    def source_length(self, length: int) -> int:
        """Tokens of the source of a row of `length`."""
        return length

    def target_length(self, length: int) -> int:
        """Tokens at most of the target of a row of `length`, EOS not counted."""
        return length

    def draw(self, first: int, count: int, longest: int, *key: str | int) -> Batch:
        return pair_batch(self.make(first, count, longest, *key), np.arange(count))

    def adapt(self, spec: Spec) -> Spec:
        stack = require_stack(self.kind, spec, self.stacks)
        source, target = self.source_length(self.longest_test), self.target_length(self.longest_test)
        return {**for_pairs(spec, stack, self.vocab_size, source, target + 1), "head": lm_head(spec)}

    def trivial(self) -> Trivial:
        held_out = {split: list(self.evaluation(split, 1_000)) for split in ("val", "test")}
        return trivial_pairs(self.make(0, COUNTED, self.longest, self.kind, "counted"), held_out, self.vocab_size)

    def score(self, scored: Iterable[Scored]) -> dict[str, Any]:
        spans = length_ranges(self.source_length(self.longest), self.source_length(self.longest_test))
        return score_pairs(list(scored), self.unit, spans, self.target_length(self.longest_test))


def made_pairs(source: Ints, source_lengths: Ints, target: Ints, target_lengths: Ints) -> EncodedPairs:
    """Pairs from padded rows of ids; the target gets its EOS."""
    ended = np.concatenate([target, np.full((len(target), 1), PAD)], axis=1)
    ended[np.arange(ended.shape[1]) == target_lengths[:, None]] = EOS
    return EncodedPairs(source, source_lengths, ended, target_lengths + 1, target[:, None])
