"""Masked language modelling: the tokens of a text that were hidden, from both sides."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from catalog.types import Probability
from harness.datasets.order import integers, uniforms
from harness.tasks.counts import unigram_nats
from harness.tasks.heads import lm_head
from harness.tasks.objectives.corrupted_text import CorruptedText, Raw, chosen
from harness.tasks.objectives.windows import Ints
from harness.tasks.registry import TASK
from harness.tasks.stack import require_stack
from harness.tasks.tally import accuracy, by_group, even_ranges, token_mean
from harness.tasks.task import Batch, Scored, Spec, Trivial
from harness.tasks.vocabulary import N_SPECIAL


@TASK.register("masked_language_modelling", context_length=16, evaluation_tokens=512)
@dataclass(kw_only=True, eq=False)
class MaskedLanguageModelling(CorruptedText):
    """Fill in what was hidden of a text (Devlin et al., 2018, https://arxiv.org/abs/1810.04805).

    `share` of the places of each window are scored, the same number in each. Of these, `masked` become the mask token,
    `random` another token drawn evenly, and the rest stay as they are. A decoder sees one side only, so that its loss
    would be another quantity: it is refused.

    Raises:
        ValueError: the data cannot be read or is too small, or the shares exceed 1.
    """

    stacks = frozenset({"encoder"})
    draws_per_token = 3

    share: Probability = 0.15
    masked: Probability = 0.8
    random: Probability = 0.1

    def __post_init__(self) -> None:
        if self.masked + self.random > 1:
            told = f"got {self.masked} and {self.random}; allowed: at most 1"
            raise ValueError(f"masked, random: shares of one whole ({told})")
        super().__post_init__()
        self.mask = self.tokens.vocab_size
        self.metric = f"nats per hidden {self.tokens.said}"

    def adapt(self, spec: Spec) -> Spec:
        require_stack(self.kind, spec, self.stacks)
        sizes = {"vocab_size": self.mask + 1, "context_length": self.context_length}
        return {**spec, **sizes, "head": lm_head(spec)}

    def corrupt(self, ids: Ints, raw: Raw) -> Batch:
        lots, fates, others = np.split(raw, 3, axis=1)
        hidden, fate = chosen(lots, self.share), uniforms(fates)
        other = N_SPECIAL + integers(others, self.tokens.vocab_size - N_SPECIAL)
        read = np.where(fate < self.masked, self.mask, np.where(fate < self.masked + self.random, other, ids))
        position = np.broadcast_to(np.arange(1, ids.shape[1] + 1), ids.shape)
        return Batch({"tokens": np.where(hidden, read, ids)}, ids, hidden.astype(np.float32), {"position": position})

    def trivial(self) -> Trivial:
        one = unigram_nats(self.windows.train, self.mask + 1)
        rows: Trivial = {"unigram": {}}
        for split in ("val", "test"):
            batches = list(self.evaluation(split, 1_024))
            rows["unigram"][split] = float(np.concatenate([one[b.targets[b.weights > 0]] for b in batches]).mean())
        return rows

    def score(self, scored: Iterable[Scored]) -> dict[str, Any]:
        listed = list(scored)
        ranges = even_ranges(self.context_length, max(1, self.context_length // 8))
        return {
            "loss": token_mean(listed),
            "shown": {"accuracy": accuracy(listed)},
            "by": {"position": by_group(listed, "position", ranges)},
        }
