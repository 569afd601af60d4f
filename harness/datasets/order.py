"""Data order as a pure function of names and numbers: no global generator, any step in any order."""

from functools import lru_cache
from hashlib import sha256

import numpy as np
import numpy.typing as npt

Indices = npt.NDArray[np.int64]
Raw = npt.NDArray[np.uint64]
WORDS_PER_STEP = 4


def draws(count: int, *key: str | int) -> Raw:
    """`count` raw 64-bit numbers of the Philox stream named by `key`.

    Raw words are used, and mapped by hand: numpy promises them, but not its distributions, across versions.
    """
    return _stream(key).random_raw(count)


def rows(first: int, count: int, width: int, *key: str | int) -> Raw:
    """(count, width) raw numbers of an endless table; row i is the same whatever rows are asked for with it."""
    # a counter step gives four words, and each row starts on a step of its own
    steps = -(-width // WORDS_PER_STEP)
    stream = _stream(key)
    stream.advance(first * steps)
    return stream.random_raw(count * steps * WORDS_PER_STEP).reshape(count, -1)[:, :width]


def integers(raw: Raw, below: int | Indices) -> Indices:
    """Raw numbers as numbers in [0, below); the bias of the remainder is under below / 2**64."""
    return (raw % np.asarray(below, dtype=np.uint64)).astype(np.int64)


def uniforms(raw: Raw) -> npt.NDArray[np.float64]:
    """Raw numbers as numbers inside (0, 1), 52 bits each."""
    return ((raw >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52


@lru_cache(maxsize=4)
def epoch_order(items: int, epoch: int, *key: str | int) -> Indices:
    """A permutation of `items`; the cache only saves time, the answer depends on the arguments alone."""
    order = np.argsort(draws(items, *key, "epoch", epoch), kind="stable").astype(np.int64)
    order.setflags(write=False)
    return order


def step_indices(items: int, step: int, batch_size: int, *key: str | int) -> Indices:
    """The items of one step when an endless row of shuffled epochs is cut into batches."""
    first = step * batch_size
    places = np.arange(first, first + batch_size)
    epochs = places // items
    parts = [epoch_order(items, int(epoch), *key)[places[epochs == epoch] % items] for epoch in np.unique(epochs)]
    return np.concatenate(parts)


def _stream(key: tuple[str | int, ...]) -> np.random.Philox:
    name = "/".join(str(part) for part in key).encode()
    return np.random.Philox(key=np.frombuffer(sha256(name).digest()[:16], dtype="<u8"))
