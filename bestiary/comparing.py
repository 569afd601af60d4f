"""`bestiary compare`: a fair comparison of the entries named."""

from typing import Annotated

import typer

from bestiary import completion, options, own_catalog, own_files
from bestiary.comparison_file import Question, command_of, sweep_of
from bestiary.launching import Orders, launch

Entries = Annotated[
    list[str], typer.Argument(help="Two entries or more; the first is the baseline.", autocompletion=completion.entries)
]
Task = Annotated[str, typer.Option("--task", "-t", help="What they learn.", autocompletion=completion.tasks)]
Data = Annotated[
    str | None,
    typer.Option(
        "--data", help="A file of your own (.txt, .jsonl, .tsv), hf:OWNER/NAME, or the name of an embedded set."
    ),
]
Seeds = Annotated[int | None, typer.Option("--seeds", min=1, help="Reporting seeds; a claim needs five.")]
Trials = Annotated[int | None, typer.Option("--trials", min=1, help="Learning rates tried for each entry.")]


def compare(
    entries: Entries,
    task: Task,
    data: Data = None,
    preset: options.Preset = None,
    seeds: Seeds = None,
    trials: Trials = None,
    settings: options.Settings = None,
    catalog: options.Catalog = None,
    parts: options.Parts = None,
    task_files: options.TaskFiles = None,
    out: options.Out = options.DEFAULT_LEDGER,
    workers: options.Workers = None,
    device: options.Device = None,
    reuse_other_code: options.ReuseOtherCode = False,
    keep: options.Keep = "last",
    only: options.Only = None,
    dry_run: options.DryRun = False,
    yes: options.Yes = False,
    as_json: options.AsJson = False,
) -> int:
    """Train entries alike, with equal budgets, tuning and seeds, and report which differences are real."""
    from harness.sweepfile import parse_setting

    own_files.require_passed()
    parsed = dict(parse_setting(text) for text in settings or ())
    question = Question(
        entries=entries, task=task, data=data, preset=preset, seeds=seeds, trials=trials, settings=parsed
    )
    found = sweep_of(question)
    words = command_of(question, found.tables[0], settings or (), keep)
    orders = Orders(
        words=[*words, *own_catalog.words(), *own_files.words()],
        out=out,
        workers=workers,
        device=device,
        reuse_other_code=reuse_other_code,
        keep=keep,
        only=only or (),
        dry_run=dry_run,
        yes=yes,
        as_json=as_json,
    )
    return launch(found, orders)
