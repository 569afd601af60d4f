"""Writes the site into a folder."""

from pathlib import Path

from harness.ledger import files
from harness.ledger.errors import storage
from reports.page import asset
from reports.site.collect import collect
from reports.site.pages import pages
from reports.site.results import results

SCRIPTS = ("site.css", "list.js", "compare.js", "tree.js")


def write(folder: Path, user: Path | str | None = None, ledger: Path | None = None) -> tuple[Path, list[str]]:
    """The path of the first page, and what is wrong with entries that were left out; the same catalog, the same bytes.

    Raises:
        StorageFault: the folder cannot be written.
    """
    site = collect(user)
    for path, text in pages(site, results(ledger)):
        _place(folder / path, text)
    for name in SCRIPTS:
        _place(folder / name, asset(f"site/{name}"))
    return folder / "index.html", list(site.faults)


def _place(path: Path, text: str) -> None:
    files.make_folder(path.parent)
    with storage(path):
        path.write_text(text, encoding="utf-8", newline="\n")
