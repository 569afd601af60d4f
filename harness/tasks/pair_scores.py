"""What is shown of a task on pairs: losses by length and position, exact match, error rate, trivial rows."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from harness.tasks.counts import bigram_nats, unigram_nats
from harness.tasks.generations import edits_of, error_rate, error_rates_by_length, exact_match
from harness.tasks.pair_batches import EncodedPairs, pair_batch
from harness.tasks.tally import Ranges, accuracy, by_group, even_ranges, token_mean
from harness.tasks.task import Batch, Scored, Trivial


def score_pairs(scored: Sequence[Scored], unit: str, spans: Ranges, longest_target: int) -> dict[str, Any]:
    """Loss and breakdowns of all targets, `spans` being ranges of source lengths; error rates of what was generated."""
    by_length = by_group(scored, "source_length", spans)
    shown = {"accuracy": accuracy(scored)}
    edits = edits_of(scored)
    if edits:
        shown |= {"exact_match": exact_match(edits), f"{unit}_error_rate": error_rate(edits)}
        rates = error_rates_by_length(edits, spans)
        by_length = [row | rates.get(row["bucket"], {}) for row in by_length]
    return {
        "loss": token_mean(scored),
        "shown": shown,
        "by": {
            "source_length": by_length,
            "source_position": by_group(scored, "source_position", even_ranges(spans[-1][1], 1)),
            "position": by_group(scored, "position", even_ranges(longest_target + 1, 1)),
        },
    }


def trivial_pairs(train: EncodedPairs, held_out: Mapping[str, Sequence[Batch]], vocab_size: int) -> Trivial:
    """Unigram and bigram (given the target symbol before, BOS at the start) of target tokens, EOS included."""
    counted = _previous_and_next([pair_batch(train, np.arange(len(train)))])
    one = unigram_nats(counted[1], vocab_size)
    rows: Trivial = {"unigram": {}, "bigram": {}}
    for split, batches in held_out.items():
        asked = _previous_and_next(batches)
        rows["unigram"][split] = float(one[asked[1]].mean())
        rows["bigram"][split] = float(bigram_nats(counted, asked, vocab_size).mean())
    return rows


def _previous_and_next(batches: Sequence[Batch]) -> tuple[Any, Any]:
    past = np.concatenate([b.inputs["tokens"][b.weights > 0] for b in batches])
    return past, np.concatenate([b.targets[b.weights > 0] for b in batches])
