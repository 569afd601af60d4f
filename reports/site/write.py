"""Writes the site into a folder."""

from pathlib import Path

from harness.ledger import files
from harness.ledger.errors import storage
from reports.page import asset
from reports.site.collect import collect
from reports.site.libraries import libraries
from reports.site.pages import pages
from reports.site.results import results

ASSETS = ("site.css", "scripted.js", "range.js", "list.js", "compare.js", "tree.js", "timeline.js")


def write(folder: Path, user: Path | str | None = None, ledger: Path | None = None) -> tuple[Path, list[str]]:
    """The path of the first page, and what is wrong with entries that were left out; the same catalog, the same bytes.

    Raises:
        BadLedger: the ledger is none, or a record in it cannot be read.
        StorageFault: the folder cannot be written.
    """
    found, site = results(ledger), collect(user)
    for path, text in pages(site, found):
        _place(folder / path, text.encode())
    for name in ASSETS:
        _place(folder / name, asset(f"site/{name}").encode())
    for library in libraries():
        for path, content in library.contents().items():
            _place(folder / path, content)
    return folder / "index.html", list(site.faults)


def _place(path: Path, content: bytes) -> None:
    files.make_folder(path.parent)
    with storage(path):
        path.write_bytes(content)
