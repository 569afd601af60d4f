"""Data order as a pure function of names and numbers: no global generator, any step in any order."""

from functools import lru_cache
from hashlib import sha256

import numpy as np
import numpy.typing as npt

Indices = npt.NDArray[np.int64]


def draws(count: int, *key: str | int) -> npt.NDArray[np.uint64]:
    """`count` raw 64-bit numbers of the Philox stream named by `key`.

    Raw words are used, and mapped by hand: numpy promises them, but not its distributions, across versions.
    """
    name = "/".join(str(part) for part in key).encode()
    words = np.frombuffer(sha256(name).digest()[:16], dtype="<u8")
    return np.random.Philox(key=words).random_raw(count)


def integers(count: int, below: int, *key: str | int) -> Indices:
    """`count` numbers in [0, below); the bias of the remainder is under below / 2**64."""
    return (draws(count, *key) % np.uint64(below)).astype(np.int64)


def uniforms(count: int, *key: str | int) -> npt.NDArray[np.float64]:
    """`count` numbers in [0, 1), 53 bits each."""
    return (draws(count, *key) >> np.uint64(11)).astype(np.float64) * 2.0**-53


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
