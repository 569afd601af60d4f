"""Options that several commands share, each said once."""

from dataclasses import dataclass
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
Workers = Annotated[int | None, typer.Option("--workers", "-j", min=1, help="Most runs at once. Default: one a core.")]
Task = Annotated[
    str,
    typer.Option(
        "--task",
        "-t",
        help="What they learn, such as language_modelling; a wrong name is answered with all there are.",
        autocompletion=completion.tasks,
    ),
]
Data = Annotated[
    str | None,
    typer.Option(
        "--data", help="A file of your own (.txt, .jsonl, .tsv), hf:OWNER/NAME, or the name of an embedded set."
    ),
]
Seeds = Annotated[int | None, typer.Option("--seeds", min=1, help="Reporting seeds; a claim needs five.")]
Trials = Annotated[int | None, typer.Option("--trials", min=1, help="Learning rates tried for each entry.")]
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


@dataclass(frozen=True, kw_only=True)
class Terms:
    """On what entries are compared; `seeds` and `trials` None leave the preset's own."""

    task: Task
    data: Data = None
    preset: Preset = None
    seeds: Seeds = None
    trials: Trials = None
    settings: Settings = None


@dataclass(frozen=True, kw_only=True)
class Orders:
    """How a person wants a sweep carried out; files of their own are in use as soon as their option is read."""

    catalog: Catalog = None
    parts: Parts = None
    task_files: TaskFiles = None
    out: Out = DEFAULT_LEDGER
    workers: Workers = None
    device: Device = None
    reuse_other_code: ReuseOtherCode = False
    keep: Keep = "last"
    only: Only = None
    dry_run: DryRun = False
    yes: Yes = False
    as_json: AsJson = False
