"""What one token of a text is: a byte, or a word that training showed often enough."""

import re
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence

from harness.tasks.vocabulary import N_SPECIAL, Vocabulary

BYTES = 256


class Unit(ABC):
    """Texts to ids; ids below N_SPECIAL are special."""

    vocab_size: int

    @abstractmethod
    def encode(self, text: str) -> list[int]:
        """The ids of a text."""


class ByteUnit(Unit):
    """One token per UTF-8 byte; nothing is learnt from the texts."""

    def __init__(self, texts: Sequence[str], vocabulary_size: int | None) -> None:
        if vocabulary_size is not None:
            raise ValueError(
                f"vocabulary_size: bytes have a fixed vocabulary of {BYTES} (got {vocabulary_size}; allowed: null)"
            )
        self.vocab_size = N_SPECIAL + BYTES

    def encode(self, text: str) -> list[int]:
        return [N_SPECIAL + byte for byte in text.encode()]


class WordUnit(Unit):
    """One token per word, number or mark, in lower case; the commonest of the training texts have an id."""

    default_size = 8_192

    def __init__(self, texts: Sequence[str], vocabulary_size: int | None) -> None:
        size = vocabulary_size or self.default_size
        if size <= N_SPECIAL:
            raise ValueError(f"vocabulary_size: no room for words (got {size}; allowed: more than {N_SPECIAL})")
        counts = Counter(word for text in texts for word in words(text))
        # ties go by the alphabet, so that the order of the texts does not matter
        ranked = sorted(counts, key=lambda word: (-counts[word], word))
        self._vocabulary = Vocabulary.of(ranked[: size - N_SPECIAL])
        self.vocab_size = self._vocabulary.end

    def encode(self, text: str) -> list[int]:
        return self._vocabulary.encode(words(text))


UNITS: dict[str, type[ByteUnit] | type[WordUnit]] = {"byte": ByteUnit, "word": WordUnit}


def words(text: str) -> list[str]:
    """Runs of letters, runs of digits, and each other mark."""
    return re.findall(r"[^\W\d_]+|\d+|[^\w\s]|_", text.lower())
