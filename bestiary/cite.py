"""`bestiary cite`: the papers of entries as BibTeX."""

from typing import Annotated

import typer

from bestiary import completion, options
from bestiary.output import say, say_json

Entries = Annotated[list[str], typer.Argument(help="Catalog entries.", autocompletion=completion.entries)]


def cite(entries: Entries, catalog: options.Catalog = None, as_json: options.AsJson = False) -> None:
    """Print the BibTeX of entries; a paper that several share is printed once."""
    from catalog.citation import bibliography
    from catalog.entries import Catalog

    known = Catalog()
    papers = {entry: known.raw(entry)["paper"] for entry in entries}
    cited = bibliography(papers.values())
    if as_json:
        say_json([{"id": entry, "bibtex": cited[str(paper["url"])]} for entry, paper in papers.items()])
    else:
        say("\n\n".join(cited.values()))
