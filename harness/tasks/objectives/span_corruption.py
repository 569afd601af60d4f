"""Span corruption: the spans of a text that were cut out, each behind the mark that stands in its place."""

from dataclasses import dataclass

import numpy as np

from catalog.types import Positive, Probability
from harness.tasks.objectives.corrupted_text import Raw
from harness.tasks.objectives.text_pairs import TextPairs
from harness.tasks.objectives.windows import Ints
from harness.tasks.pair_batches import EncodedPairs
from harness.tasks.registry import TASK
from harness.tasks.vocabulary import EOS


@TASK.register("span_corruption", context_length=16, evaluation_tokens=512)
@dataclass(kw_only=True, eq=False)
class SpanCorruption(TextPairs):
    """Write the spans that were cut out of a text (Raffel et al., 2019, https://arxiv.org/abs/1910.10683).

    `share` of the tokens of each window are cut out, in spans of `span` tokens on average; a mark of its own stands in
    the place of each, and again before it in the target. Marks are scored too, and bits per byte say them among the
    bytes that were cut out.

    Raises:
        ValueError: the data cannot be read or is too small, or the window holds no span beside kept text.
    """

    draws_per_token = 2

    share: Probability = 0.15
    span: Positive = 3.0

    def __post_init__(self) -> None:
        super().__post_init__()
        length = self.context_length
        self.n_cut = max(1, round(self.share * length))
        self.n_spans = max(1, min(round(self.n_cut / self.span), self.n_cut, length - self.n_cut))
        if self.n_cut >= length:
            raise ValueError(f"share: leaves no text (got {self.share} of {length} tokens; allowed: below 1)")
        self.vocab_size = self.tokens.vocab_size + self.n_spans
        self.longest_source = length - self.n_cut + self.n_spans
        self.longest_target = self.n_cut + self.n_spans + 1
        self.metric = f"nats per {self.tokens.said}"

    def cut(self, ids: Ints, raw: Raw) -> EncodedPairs:
        lots_kept, lots_gone = np.split(raw, 2, axis=1)
        kept = _parts(lots_kept, ids.shape[1] - self.n_cut, self.n_spans)
        gone = _parts(lots_gone, self.n_cut, self.n_spans)
        return _encoded([self._cut(row, k, g) for row, k, g in zip(ids, kept, gone, strict=True)])

    def _cut(self, row: Ints, kept: Ints, gone: Ints) -> tuple[list[int], list[int]]:
        """Source and target; kept and cut parts take turns, a kept one first."""
        source: list[int] = []
        target: list[int] = []
        place = 0
        for mark, (stay, go) in enumerate(zip(kept.tolist(), gone.tolist(), strict=True), start=self.tokens.vocab_size):
            source += [*row[place : place + stay].tolist(), mark]
            target += [mark, *row[place + stay : place + stay + go].tolist()]
            place += stay + go
        return source, [*target, EOS]


def _encoded(pairs: list[tuple[list[int], list[int]]]) -> EncodedPairs:
    """Pairs that are all of one length."""
    source, target = (np.array(part, dtype=np.int64) for part in zip(*pairs, strict=True))
    n_source, n_target = (np.full(len(pairs), part.shape[1]) for part in (source, target))
    return EncodedPairs(source, n_source, target, n_target, target[:, None])


def _parts(raw: Raw, total: int, count: int) -> Ints:
    """(B, count) whole numbers of at least 1 that sum to `total`, every such row with equal chance."""
    inner = 1 + np.sort(np.argsort(raw[:, : total - 1], axis=1, kind="stable")[:, : count - 1], axis=1)
    ends = np.zeros((len(raw), 1), dtype=np.int64)
    return np.diff(np.concatenate([ends, inner, ends + total], axis=1), axis=1)
