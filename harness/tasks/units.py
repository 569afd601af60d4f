"""What one token of a text is: a byte, a character, a piece of a word, or a word that training showed often enough."""

import re
from collections import Counter
from collections.abc import Sequence

from harness.tasks.bpe import BpeUnit
from harness.tasks.unit import BYTES, TextUnit, Unit, lengths
from harness.tasks.vocabulary import N_SPECIAL, Vocabulary


class ByteUnit(TextUnit):
    """One token per UTF-8 byte; nothing is learnt from the texts."""

    said, key = "byte", "byte"

    def __init__(self, texts: Sequence[str], vocabulary_size: int | None) -> None:
        _refuse_size(vocabulary_size, f"bytes have a fixed vocabulary of {BYTES}")
        self.vocab_size = N_SPECIAL + BYTES
        self.byte_lengths = lengths([1] * BYTES)

    def encode(self, text: str) -> list[int]:
        return [N_SPECIAL + byte for byte in text.encode()]

    def decode(self, ids: Sequence[int]) -> str:
        return bytes(i - N_SPECIAL for i in ids if i >= N_SPECIAL).decode("utf-8", errors="replace")


class CharacterUnit(TextUnit):
    """One token per character of the training texts; any other character is spelled in its bytes."""

    said, key = "character", "character"

    def __init__(self, texts: Sequence[str], vocabulary_size: int | None) -> None:
        _refuse_size(vocabulary_size, "the characters of training are the vocabulary")
        self._vocabulary = Vocabulary.of(sorted(set().union(*texts)), first=N_SPECIAL + BYTES)
        self.vocab_size = max(self._vocabulary.end, N_SPECIAL + BYTES)
        self._characters = list(self._vocabulary.ids)
        self.byte_lengths = lengths([1] * BYTES + [len(symbol.encode()) for symbol in self._characters])

    @property
    def meaning(self) -> str:
        return f"{self.key}/{self._vocabulary.digest}"

    def encode(self, text: str) -> list[int]:
        known, ids = self._vocabulary.ids, []
        for symbol in text:
            if symbol in known:
                ids.append(known[symbol])
            else:
                ids.extend(N_SPECIAL + byte for byte in symbol.encode())
        return ids

    def decode(self, ids: Sequence[int]) -> str:
        first = N_SPECIAL + BYTES
        parts = [bytes([i - N_SPECIAL]) if i < first else self._characters[i - first].encode() for i in ids if i >= 4]
        return b"".join(parts).decode("utf-8", errors="replace")


class WordUnit(Unit):
    """One token per word, number or mark, in lower case; the commonest of the training texts have an id."""

    said, key = "word", "word"
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

    @property
    def meaning(self) -> str:
        return f"{self.key}/{self._vocabulary.digest}"

    def encode(self, text: str) -> list[int]:
        return self._vocabulary.encode(words(text))


UNITS: dict[str, type[Unit]] = {"byte": ByteUnit, "character": CharacterUnit, "bpe": BpeUnit, "word": WordUnit}
TEXT_UNITS: dict[str, type[TextUnit]] = {"byte": ByteUnit, "character": CharacterUnit, "bpe": BpeUnit}


def words(text: str) -> list[str]:
    """Runs of letters, runs of digits, and each other mark."""
    return re.findall(r"[^\W\d_]+|\d+|[^\w\s]|_", text.lower())


def _refuse_size(vocabulary_size: int | None, why: str) -> None:
    if vocabulary_size is not None:
        raise ValueError(f"vocabulary_size: {why} (got {vocabulary_size}; allowed: null)")
