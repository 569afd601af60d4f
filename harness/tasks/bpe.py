"""Pieces of words: byte-level byte-pair encoding, learnt from training texts by the tokenizers library and kept."""

from collections.abc import Sequence
from hashlib import sha256
from importlib.metadata import version
from typing import Any

from catalog.cache import load, store
from harness.tasks.unit import BYTES, TextUnit, lengths
from harness.tasks.vocabulary import N_SPECIAL


class BpeUnit(TextUnit):
    """One token per piece of a word (Sennrich et al., https://arxiv.org/abs/1508.07909); every byte is a piece too.

    What was learnt is kept in the user's cache under the digest of the training texts, the size and the library's
    version, and is part of the data's digest.
    """

    said, key = "piece", "bpe"
    default_size = 2_048

    def __init__(self, texts: Sequence[str], vocabulary_size: int | None) -> None:
        size = vocabulary_size or self.default_size
        if size < N_SPECIAL + BYTES:
            least = N_SPECIAL + BYTES
            raise ValueError(f"vocabulary_size: no room for all bytes (got {size}; allowed: {least} or more)")
        learnt = _learnt(texts, size - N_SPECIAL)
        self._pieces = _tokenizer(learnt)
        self.key = f"bpe/{sha256(learnt.encode()).hexdigest()[:16]}"
        self.vocab_size = N_SPECIAL + self._pieces.get_vocab_size()
        # a byte-level piece is written with one letter per byte
        self.byte_lengths = lengths([len(piece) for piece in self.alphabet])

    def encode(self, text: str) -> list[int]:
        return [N_SPECIAL + piece for piece in self._pieces.encode(text).ids]

    def decode(self, ids: Sequence[int]) -> str:
        return str(self._pieces.decode([i - N_SPECIAL for i in ids if i >= N_SPECIAL]))

    @property
    def alphabet(self) -> tuple[str, ...]:
        """Every piece as a symbol."""
        return tuple(self._pieces.id_to_token(i) for i in range(self._pieces.get_vocab_size()))

    def pieces(self, text: str) -> tuple[str, ...]:
        """The pieces of a text as symbols."""
        return tuple(self._pieces.encode(text).tokens)

    def join(self, pieces: Sequence[str]) -> str:
        """The text of pieces; one that is no piece says nothing."""
        ids = [self._pieces.token_to_id(piece) for piece in pieces]
        return str(self._pieces.decode([i for i in ids if i is not None]))


def _learnt(texts: Sequence[str], size: int) -> str:
    key = sha256(f"{size}/{version('tokenizers')}".encode())
    for text in texts:
        key.update(sha256(text.encode()).digest())
    name = f"bpe-{key.hexdigest()[:32]}"
    kept = load(name, key.hexdigest())
    if isinstance(kept, str):
        return kept
    learnt = _learn(texts, size)
    store(name, key.hexdigest(), learnt)
    return learnt


def _learn(texts: Sequence[str], size: int) -> str:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    pieces = Tokenizer(models.BPE())
    pieces.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    pieces.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    pieces.train_from_iterator(
        texts, trainers.BpeTrainer(vocab_size=size, initial_alphabet=alphabet, show_progress=False)
    )
    return str(pieces.to_str())


def _tokenizer(learnt: str) -> Any:
    from tokenizers import Tokenizer

    return Tokenizer.from_str(learnt)
