"""A paper as a BibTeX record."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any


def bibtex(paper: Mapping[str, Any]) -> str:
    """A BibTeX record; a paper with an arXiv id and no venue is cited as a preprint."""
    fields = {
        "title": f"{{{paper['title']}}}",
        "author": " and ".join(name.removeprefix("and ") for name in paper["authors"]),
        "year": str(paper["year"]),
        "booktitle": paper.get("venue"),
        "eprint": paper.get("arxiv"),
        "archiveprefix": "arXiv" if paper.get("arxiv") else None,
        "url": paper["url"],
    }
    kind = "inproceedings" if paper.get("venue") else "misc"
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
    return "\n".join([f"@{kind}{{{citation_key(paper)},", *lines, "}"])


def citation_key(paper: Mapping[str, Any]) -> str:
    """First author's surname, year and the title's first long word, in plain letters."""
    author = str(paper["authors"][0])
    surname = author.split(",")[0] if "," in author else author.split()[-1]
    word = next((word for word in re.findall(r"\w+", paper["title"]) if len(word) > 3), "paper")
    return _plain(f"{surname}{paper['year']}{word}")


def _plain(text: str) -> str:
    letters = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]", "", letters.lower())
