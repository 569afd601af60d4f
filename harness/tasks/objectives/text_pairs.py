"""Running text cut into a source and a target: what the tasks for decoders and pairs of stacks share."""

import math
from abc import abstractmethod
from collections.abc import Iterable
from typing import Any

import numpy as np

from harness.tasks.heads import lm_head
from harness.tasks.objectives.corrupted_text import CorruptedText, Raw
from harness.tasks.objectives.windows import Ints
from harness.tasks.pair_batches import EncodedPairs, for_pairs, pair_batch
from harness.tasks.pair_scores import trivial_pairs
from harness.tasks.stack import require_stack
from harness.tasks.tally import accuracy, by_group, even_ranges, per_byte, token_mean
from harness.tasks.task import Batch, Scored, Spec, Trivial

COUNTED = 4_096


class TextPairs(CorruptedText):
    """Windows of a text as pairs; a decoder reads the source as a prefix, and both stacks are scored alike."""

    stacks = frozenset({"decoder", "encoder_decoder"})
    vocab_size: int
    longest_source: int
    longest_target: int

    @abstractmethod
    def cut(self, ids: Ints, raw: Raw) -> EncodedPairs:
        """Source and target of windows (B, context_length)."""

    def adapt(self, spec: Spec) -> Spec:
        stack = require_stack(self.kind, spec, self.stacks)
        return {
            **for_pairs(spec, stack, self.vocab_size, self.longest_source, self.longest_target),
            "head": lm_head(spec),
        }

    def corrupt(self, ids: Ints, raw: Raw) -> Batch:
        batch = pair_batch(self.cut(ids, raw), np.arange(len(ids)))
        lengths = np.concatenate([self.tokens.byte_lengths, np.zeros(self.vocab_size, dtype=np.int64)])
        return Batch(batch.inputs, batch.targets, batch.weights, {**batch.groups, "bytes": lengths[batch.targets]})

    def trivial(self) -> Trivial:
        held_out = {split: list(self.evaluation(split, 1_024)) for split in ("val", "test")}
        counted = self.cut(self.windows.drawn(0, 0, COUNTED), self._raw(0, COUNTED, "counted"))
        return trivial_pairs(counted, held_out, self.vocab_size)

    def score(self, scored: Iterable[Scored]) -> dict[str, Any]:
        listed = list(scored)
        ranges = even_ranges(self.longest_target, max(1, self.longest_target // 8))
        return {
            "loss": token_mean(listed),
            "shown": {"bits_per_byte": per_byte(listed) / math.log(2), "accuracy": accuracy(listed)},
            "by": {"position": by_group(listed, "position", ranges)},
        }
