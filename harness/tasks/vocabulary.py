"""Vocabularies: symbols to ids, learnt from training data only."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
import numpy.typing as npt

PAD, BOS, EOS, UNKNOWN = 0, 1, 2, 3
N_SPECIAL = 4


@dataclass(frozen=True)
class Vocabulary:
    """Ids of symbols, from `first` on; a symbol that training never showed is UNKNOWN."""

    ids: dict[str, int]

    @classmethod
    def of(cls, symbols: Iterable[str], first: int = N_SPECIAL) -> "Vocabulary":
        """Ids in the given order, each symbol once."""
        return cls({symbol: first + place for place, symbol in enumerate(dict.fromkeys(symbols))})

    @property
    def end(self) -> int:
        """One past the last id."""
        return max(self.ids.values(), default=N_SPECIAL - 1) + 1

    @property
    def digest(self) -> str:
        """16 hexadecimal digits for the symbols and their order."""
        return sha256(json.dumps(list(self.ids)).encode()).hexdigest()[:16]

    def encode(self, symbols: Sequence[str]) -> list[int]:
        """The ids of the symbols."""
        return [self.ids.get(symbol, UNKNOWN) for symbol in symbols]


def padded(rows: Sequence[Sequence[int]], width: int) -> npt.NDArray[np.int64]:
    """Rows of ids as one array, padded on the right with PAD."""
    array = np.full((len(rows), width), PAD, dtype=np.int64)
    for place, row in enumerate(rows):
        array[place, : len(row)] = row
    return array
