"""Prefix language modelling: the rest of a text whose beginning is read whole."""

import numpy as np

from harness.datasets.order import integers
from harness.tasks.objectives.corrupted_text import Raw
from harness.tasks.objectives.text_pairs import TextPairs
from harness.tasks.objectives.windows import Ints
from harness.tasks.pair_batches import EncodedPairs
from harness.tasks.registry import TASK
from harness.tasks.vocabulary import PAD


@TASK.register("prefix_language_modelling", context_length=16, evaluation_tokens=512)
class PrefixLanguageModelling(TextPairs):
    """Go on with a text whose beginning is the source (Raffel et al., 2019, https://arxiv.org/abs/1910.10683).

    Each window is cut at a place drawn evenly; what stands behind it is the target, and has no end mark.

    Raises:
        ValueError: the data cannot be read or is too small, or a window cannot be cut.
    """

    def __post_init__(self) -> None:
        if self.context_length < 2:
            raise ValueError(f"context_length: cannot be cut (got {self.context_length}; allowed: 2 or more)")
        super().__post_init__()
        self.vocab_size = self.tokens.vocab_size
        self.longest_source = self.longest_target = self.context_length - 1
        self.metric = f"nats per {self.tokens.said}"

    def cut(self, ids: Ints, raw: Raw) -> EncodedPairs:
        places = np.arange(ids.shape[1] - 1)
        n_source = 1 + integers(raw[:, 0], ids.shape[1] - 1)
        n_target = ids.shape[1] - n_source
        source = np.where(places < n_source[:, None], ids[:, :-1], PAD)
        behind = np.minimum(places + n_source[:, None], ids.shape[1] - 1)
        target = np.where(places < n_target[:, None], np.take_along_axis(ids, behind, axis=1), PAD)
        return EncodedPairs(source, n_source, target, n_target, target[:, None])
