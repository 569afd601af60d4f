"""`bestiary report`: write the report of a sweep again, from what its ledger holds."""

from pathlib import Path
from typing import Annotated

import typer

from bestiary import options
from bestiary.output import say, say_json
from bestiary.sweep_folders import sweep_folder

Sweep = Annotated[str | None, typer.Argument(help="A sweep's name or folder. Default: the only one in the ledger.")]


def report(
    sweep: Sweep = None,
    out: options.Out = options.DEFAULT_LEDGER,
    into: Annotated[Path | None, typer.Option(help="Where to write. Default: report/ in the sweep's folder.")] = None,
    as_json: options.AsJson = False,
) -> None:
    """Write the report of a sweep and print the path of its page."""
    import reports

    root, name = sweep_folder(sweep, out)
    page = reports.write(root / "sweeps" / name, root, into)
    if as_json:
        say_json({"sweep": name, "page": str(page)})
    else:
        say(str(page))
