"""`bestiary explain`: which change between two entries makes their difference."""

from typing import Annotated

import typer

from bestiary import completion, options, own_catalog, own_files
from bestiary.comparing import Data, Seeds, Task, Trials
from bestiary.comparison_file import Question, command_of
from bestiary.explanation import explanation_of
from bestiary.launching import Orders, launch

Start = Annotated[str, typer.Argument(help="The entry to start from.", autocompletion=completion.entries)]
End = Annotated[
    str, typer.Argument(help="The entry whose parts are taken one by one.", autocompletion=completion.entries)
]


def explain(
    start: Start,
    end: End,
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
    """Train what lies between two entries: one change added at a time, then each left out of the second alone."""
    from harness.sweepfile import parse_setting

    parsed = dict(parse_setting(text) for text in settings or ())
    question = Question(
        verb="explain",
        entries=[start, end],
        task=task,
        data=data,
        preset=preset,
        seeds=seeds,
        trials=trials,
        settings=parsed,
    )
    own_files.require_passed()
    found = explanation_of(question)
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
