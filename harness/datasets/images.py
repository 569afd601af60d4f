"""Small images with one class each: the embedded sets, by name."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from catalog.errors import did_you_mean
from harness.datasets.cards import available, card_digest, load_card
from harness.datasets.vendored import read_split

Pixels = npt.NDArray[np.float32]
Classes = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Images:
    """Images (N, C, H, W) in [0, 1] and their classes, in three splits, each read on use."""

    name: str
    digest: str
    n_classes: int
    read: Callable[[str], tuple[Pixels, Classes]]


def load_images(data: str) -> Images:
    """The images named `data`.

    Raises:
        ValueError: there is no such set.
    """
    names = [name for name in available() if load_card(name).kind == "images"]
    if data not in names:
        close = did_you_mean(data, names)
        hint = f"; did you mean {close}?" if close else ""
        raise ValueError(f"data: no such images (got {data!r}; allowed: {', '.join(names)}{hint})")
    card = load_card(data)
    return Images(data, card_digest(card), 10, lambda split: read_pixels(read_split(card, split)))


def read_pixels(content: bytes) -> tuple[Pixels, Classes]:
    """Square one-channel images from lines of pixels 0 to 16, row by row, with the class last."""
    table = np.array([line.split(",") for line in content.decode().splitlines()], dtype=np.int64)
    side = round((table.shape[1] - 1) ** 0.5)
    pixels = table[:, :-1].reshape(-1, 1, side, side).astype(np.float32) / np.float32(16)
    return pixels, table[:, -1].copy()
