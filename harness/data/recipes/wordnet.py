"""Noun definitions to their 25 lexicographer classes, from Debian `wordnet-base`."""

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from harness.data.recipes.ranks import rank

# the noun files of WordNet in the order of lexnames(5WN) and from number 4; number 3, the unique beginners, is left out
NAMES = """act animal artifact attribute body cognition communication event feeling food group location motive object
person phenomenon plant possession process quantity relation shape state substance time"""
CLASSES = dict(enumerate(NAMES.split(), start=4))
GLOSSES = {"test": 2_000, "val": 2_000, "train": 20_000}


def cut(package: Path) -> dict[str, str]:
    """Per split, lines `definition TAB class`; no wording stands twice, in whatever split or class."""
    classes: dict[str, set[str]] = defaultdict(set)
    text_of: dict[str, str] = {}
    for name, gloss in definitions((package / "usr/share/wordnet/data.noun").read_text(encoding="utf-8")):
        key = wording(gloss)
        classes[key].add(name)
        text_of.setdefault(key, gloss)
    clear = sorted((key for key, names in classes.items() if len(names) == 1), key=lambda key: rank("wordnet", key))
    splits, first = {}, 0
    for split, size in GLOSSES.items():
        chosen = sorted(clear[first : first + size])
        splits[split] = "".join(f"{text_of[key]}\t{next(iter(classes[key]))}\n" for key in chosen)
        first += size
    return splits


def definitions(data: str) -> Iterator[tuple[str, str]]:
    """(class, definition) of each noun; the quoted examples behind a definition are left out."""
    for line in data.splitlines():
        if line.startswith("  "):
            continue
        head, gloss = line.split(" | ", 1)
        number = int(head.split()[1])
        if number in CLASSES:
            yield CLASSES[number], gloss.strip().split('; "')[0].strip()


def wording(gloss: str) -> str:
    """The letters and digits of a definition, for telling copies."""
    return " ".join(re.findall(r"[a-z0-9]+", gloss.lower()))
