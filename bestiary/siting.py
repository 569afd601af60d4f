"""`bestiary site`: the catalog as pages for a browser."""

from pathlib import Path
from typing import Annotated

import typer

from bestiary import options
from bestiary.output import note, say, say_json

Folder = Annotated[Path, typer.Argument(help="The folder that the pages go into.", file_okay=False)]
Ledger = Annotated[
    Path | None, typer.Option("--ledger", help="Show on each entry's page what comparisons of this ledger found.")
]


def site(
    folder: Folder, ledger: Ledger = None, catalog: options.Catalog = None, as_json: options.AsJson = False
) -> int:
    """Write the catalog as a static site, which works without a server and without a network."""
    from reports.site import write

    page, faults = write(folder, ledger=ledger)
    for fault in faults:
        note(fault)
    if as_json:
        say_json({"page": str(page), "faults": faults})
    else:
        say(str(page))
    return 1 if faults else 0
