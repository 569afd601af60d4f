"""A paper as a BibTeX record."""

import re
import string
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

_TEAM = re.compile(r"\b(AI|Team|team|Workshop)\b")


def bibliography(papers: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """A BibTeX record for each paper, by its link; keys that would be the same get a letter more."""
    distinct = {str(paper["url"]): paper for paper in papers}
    seen: dict[str, int] = {}
    found = {}
    for link, paper in distinct.items():
        key = citation_key(paper)
        seen[key] = seen.get(key, 0) + 1
        found[link] = bibtex(paper, key if seen[key] == 1 else key + string.ascii_lowercase[seen[key] - 1])
    return found


def bibtex(paper: Mapping[str, Any], key: str | None = None) -> str:
    """A BibTeX record; a paper with an arXiv id and no venue is cited as a preprint."""
    fields = {
        "title": f"{{{_escaped(paper['title'])}}}",
        "author": " and ".join(_author(name) for name in paper["authors"]),
        "year": str(paper["year"]),
        "booktitle": paper.get("venue"),
        "eprint": paper.get("arxiv"),
        "archiveprefix": "arXiv" if paper.get("arxiv") else None,
        "url": paper["url"],
    }
    kind = "inproceedings" if paper.get("venue") else "misc"
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
    return "\n".join([f"@{kind}{{{key or citation_key(paper)},", *lines, "}"])


def citation_key(paper: Mapping[str, Any]) -> str:
    """First author's surname, year and the title's first long word, in plain letters."""
    author = str(paper["authors"][0])
    surname = author.split(",")[0] if "," in author else author.split()[-1]
    word = next((word for word in re.findall(r"\w+", paper["title"]) if len(word) > 3), "paper")
    return _plain(f"{surname}{paper['year']}{word}")


def _author(name: str) -> str:
    # Of a team's name BibTeX would make a first name and a surname.
    return f"{{{name}}}" if _TEAM.search(name) else _escaped(name.removeprefix("and "))


def _escaped(text: str) -> str:
    return re.sub(r"([&%#$_])", r"\\\1", text)


def _plain(text: str) -> str:
    letters = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]", "", letters.lower())
