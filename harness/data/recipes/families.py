"""Word families: inflections and near spellings that must not stand on both sides of a split."""

from collections import defaultdict
from collections.abc import Iterable

SUFFIXES = ("nesses", "ness", "ings", "ing", "iers", "ier", "ies", "ied", "ers", "er", "ed", "es", "ly", "s", "y", "e")
SHORTEST_STEM = 3
SHORTEST_HEAD = 4
LONGEST_TAIL = 3


def families(words: Iterable[str]) -> list[list[str]]:
    """Groups of words linked by a common stem, or because one is another plus one to three letters.

    The second link starts from words of four letters or more; each family is sorted, and so is the list.
    """
    known = sorted(set(words))
    parent = {word: word for word in known}

    def root(word: str) -> str:
        while parent[word] != word:
            parent[word] = word = parent[parent[word]]
        return word

    first_of: dict[str, str] = {}
    for word in known:
        parent[root(word)] = root(first_of.setdefault(stem(word), word))
        for head in heads(word):
            if head in parent:
                parent[root(word)] = root(head)
    grouped: dict[str, list[str]] = defaultdict(list)
    for word in known:
        grouped[root(word)].append(word)
    return sorted(grouped.values())


def stem(word: str) -> str:
    """The word without inflection: suffixes off while three letters stay, a doubled last letter made single."""
    for suffix in SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= SHORTEST_STEM:
            return stem(word.removesuffix(suffix))
    return word[:-1] if len(word) > SHORTEST_STEM and word[-1] == word[-2] else word


def heads(word: str) -> list[str]:
    """The word without its last one to three letters, four letters or more."""
    return [word[:-cut] for cut in range(1, LONGEST_TAIL + 1) if len(word) - cut >= SHORTEST_HEAD]
