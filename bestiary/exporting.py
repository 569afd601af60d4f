"""`bestiary export`: a trained model as a folder that the transformers library loads."""

import textwrap
from pathlib import Path
from typing import Annotated

import typer

from bestiary import completion, options
from bestiary.output import note, say, say_json

SHOWN = 6  # reasons in one message
Run = Annotated[str, typer.Argument(help="A run's id, or its first letters.", autocompletion=completion.runs)]
Folder = Annotated[Path, typer.Argument(metavar="DIR", help="Where config.json and model.safetensors go.")]
Entry = Annotated[
    str | None,
    typer.Option("--entry", help="The entry whose library class is written.", autocompletion=completion.entries),
]


def export(
    run: Run,
    folder: Folder,
    entry: Entry = None,
    catalog: options.Catalog = None,
    parts: options.Parts = None,
    task_files: options.TaskFiles = None,
    out: options.Out = options.DEFAULT_LEDGER,
    as_json: options.AsJson = False,
) -> None:
    """Write the model of a reporting run for `AutoModel...from_pretrained(DIR)`, with equal logits."""
    from harness.ledger import Ledger
    from harness.saved import load_run
    from variants import to_transformers

    if (folder / "config.json").exists():
        raise ValueError(f"export: {folder} holds a model already; give another folder")
    saved = load_run(Ledger.open(out).find(run), "cpu")
    try:
        to_transformers(saved.model, folder, entry)
    except ValueError as error:
        raise ValueError(shortened(str(error))) from error
    note(f"{folder} loads with the transformers library; it holds no tokenizer")
    if as_json:
        say_json({"run": run, "folder": str(folder), "files": sorted(path.name for path in folder.iterdir())})
    else:
        say(str(folder))


def shortened(message: str) -> str:
    """The first reasons of a message that has one for every entry."""
    lines = [textwrap.shorten(line, 200, placeholder=" ...") for line in message.splitlines()]
    rest = len(lines) - 1 - SHOWN
    more = [f"... and {rest} more; --entry ID tells that of one"] if rest > 0 else []
    return "\n".join([*lines[: SHOWN + 1], *more])
