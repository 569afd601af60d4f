"""A user's own pairs as symbols: characters, words between spaces, or pieces of words."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from harness.datasets.own_pairs import TextPair, digest_of, read_pairs
from harness.datasets.pairs import Cut, Join, Pair, Pairs
from harness.tasks.bpe import BpeUnit

LONGEST = 4_096  # symbols
TOLD = 20


@dataclass(frozen=True)
class Cutting:
    """How texts become symbols and texts again; `said` names a symbol in scores, `key` what was learnt.

    `alphabet` holds every symbol, where that is known.
    """

    said: str
    key: str
    cut: Cut
    join: Join
    alphabet: tuple[str, ...] = ()


def own_pairs(data: str, unit: str, vocabulary_size: int | None) -> Pairs:
    """The pairs of a file, a folder or Hugging Face in symbols; pieces are learnt from the training pairs alone.

    Raises:
        ValueError: the data cannot be read or split, or the unit has no such size.
    """
    splits, notes = read_pairs(data)
    train = [text for source, targets in splits["train"] for text in (source, *targets)]
    cutting = CUTS[unit](train, vocabulary_size)
    pairs = {split: [_pair(pair, cutting.cut) for pair in found] for split, found in splits.items()}
    _refuse_long(data, cutting, _all(pairs))
    return Pairs(
        name=cutting.key,
        digest=digest_of(splits),
        unit=cutting.said,
        longest_source=max(len(pair.source) for pair in _all(pairs)),
        longest_target=max(len(target) for pair in _all(pairs) for target in pair.targets),
        read=pairs.__getitem__,
        join=cutting.join,
        cut=cutting.cut,
        alphabet=cutting.alphabet,
        notes=tuple(notes),
    )


def characters(texts: Sequence[str], vocabulary_size: int | None) -> Cutting:
    """One symbol per character."""
    _refuse_size(vocabulary_size)
    return Cutting("character", "character", tuple, "".join)


def words(texts: Sequence[str], vocabulary_size: int | None) -> Cutting:
    """One symbol per word, as spaces part them."""
    _refuse_size(vocabulary_size)
    return Cutting("word", "word", lambda text: tuple(text.split()), " ".join)


def pieces(texts: Sequence[str], vocabulary_size: int | None) -> Cutting:
    """One symbol per piece of a word."""
    unit = BpeUnit(texts, vocabulary_size)
    return Cutting("piece", unit.key, unit.pieces, unit.join, unit.alphabet)


CUTS: dict[str, Callable[[Sequence[str], int | None], Cutting]] = {
    "character": characters,
    "word": words,
    "bpe": pieces,
}


def _pair(pair: TextPair, cut: Cut) -> Pair:
    source, targets = pair
    return Pair(cut(source), tuple(dict.fromkeys(map(cut, targets))))


def _all(pairs: Mapping[str, list[Pair]]) -> list[Pair]:
    return [pair for found in pairs.values() for pair in found]


def _refuse_long(data: str, cutting: Cutting, pairs: list[Pair]) -> None:
    for pair in pairs:
        for symbols in (pair.source, *pair.targets):
            if len(symbols) > LONGEST:
                begin = cutting.join(symbols[:TOLD])
                raise ValueError(
                    f"data: {data} holds a text of {len(symbols)} {cutting.said}s, and all rows make room for it "
                    f"(got {begin!r}...; allowed: up to {LONGEST}); cut or drop it, or take a larger unit"
                )


def _refuse_size(vocabulary_size: int | None) -> None:
    if vocabulary_size is not None:
        raise ValueError(f"vocabulary_size: only pieces have one (got {vocabulary_size}; allowed: null, or unit: bpe)")
