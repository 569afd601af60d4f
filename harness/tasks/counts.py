"""Loss rows without a model: unigram and bigram from training counts with add-one smoothing, in nats."""

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def unigram_nats(train: Ints, vocab_size: int) -> Floats:
    """-ln p(token), p from `train` with one added to every count."""
    counts = np.bincount(train, minlength=vocab_size) + 1.0
    return np.asarray(np.log(counts.sum()) - np.log(counts))


def bigram_nats(train: tuple[Ints, Ints], asked: tuple[Ints, Ints], vocab_size: int) -> Floats:
    """-ln p(following | previous) of each pair `asked`, one added to every count of a row of `train`.

    `vocab_size` counts what may follow.

    Only the pairs that occur are counted: a table of all would not fit for a large vocabulary.
    """
    previous, following = asked
    pairs, counts = np.unique(_codes(*train, vocab_size), return_counts=True)
    code = _codes(previous, following, vocab_size)
    place = np.minimum(np.searchsorted(pairs, code), len(pairs) - 1)
    together = np.where(pairs[place] == code, counts[place], 0) + 1.0
    first = np.bincount(train[0], minlength=previous.max(initial=0) + 1) + float(vocab_size)
    return np.asarray(np.log(first[previous]) - np.log(together))


def _codes(previous: Ints, following: Ints, vocab_size: int) -> Ints:
    return previous.astype(np.int64) * vocab_size + following
