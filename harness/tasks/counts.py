"""Loss rows without a model: unigram and bigram from training counts with add-one smoothing, in nats."""

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def unigram_nats(train: Ints, vocab_size: int) -> Floats:
    """-ln p(token), p from `train` with one added to every count."""
    counts = np.bincount(train, minlength=vocab_size) + 1.0
    return np.asarray(np.log(counts.sum()) - np.log(counts))


def bigram_nats(previous: Ints, following: Ints, vocab_size: int) -> Floats:
    """(V, V) of -ln p(following | previous), one added to every count of a row."""
    pairs = previous.astype(np.int64) * vocab_size + following
    counts = np.bincount(pairs, minlength=vocab_size**2).reshape(vocab_size, vocab_size) + 1.0
    return np.asarray(np.log(counts.sum(axis=1, keepdims=True)) - np.log(counts))
