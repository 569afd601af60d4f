"""Options that several commands share, each said once."""

from pathlib import Path
from typing import Annotated

import typer

from bestiary import completion, own_catalog, own_files
from catalog.own_files import PARTS, TASKS

DEFAULT_LEDGER = Path("runs")

Out = Annotated[Path, typer.Option("--out", "-o", help="The ledger: the folder of all runs and sweeps.")]
Catalog = Annotated[
    Path | None,
    typer.Option(
        "--catalog",
        metavar="DIR",
        callback=own_catalog.use,
        is_eager=True,
        help="Add the entries of a folder of your own (or set BESTIARY_CATALOG).",
    ),
]
Parts = Annotated[
    list[Path] | None,
    typer.Option(
        "--part",
        metavar="FILE",
        callback=own_files.use(PARTS),
        is_eager=True,
        help="Use the parts that a Python file of yours registers (or set BESTIARY_PARTS); may be repeated.",
    ),
]
TaskFiles = Annotated[
    list[Path] | None,
    typer.Option(
        "--task-file",
        metavar="FILE",
        callback=own_files.use(TASKS),
        is_eager=True,
        help="Use the tasks and metrics that a Python file of yours registers (or set BESTIARY_TASKS).",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON with stable keys.")]
Device = Annotated[str | None, typer.Option("--device", help="cpu, cuda, cuda:1 or mps. Default: the fastest.")]
Workers = Annotated[int | None, typer.Option("--workers", "-j", min=1, help="Runs at once. Default: one a core.")]
Preset = Annotated[
    str | None,
    typer.Option("--preset", help="smoke (seconds), demo (minutes) or full.", autocompletion=completion.presets),
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PATH=VALUE", help="Change a value, for example train.steps=50; may be repeated."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would run, and write nothing.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before the preset `full`.")]
Only = Annotated[
    list[str] | None,
    typer.Option(
        "--only",
        metavar="STATE",
        help="Run only what is failed (oom or error), oom, error, diverged, interrupted or never; may be repeated.",
    ),
]
Keep = Annotated[
    str, typer.Option("--keep", help="Weights that the reporting runs it makes leave behind: none, best or last.")
]
ReuseOtherCode = Annotated[
    bool, typer.Option("--reuse-other-code", help="Take over results that another version made, and say so.")
]
