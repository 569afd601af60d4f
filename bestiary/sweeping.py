"""`bestiary sweep` and `bestiary resume`: run the comparisons of a file, or go on with them."""

import json
from pathlib import Path
from typing import Annotated

import typer

from bestiary import completion, options, own_files
from bestiary.grouped import grouped
from bestiary.launching import AGAIN, launch
from bestiary.sweep_folders import sweep_folder

File = Annotated[
    str, typer.Argument(help="A sweep file, or the name of a shipped one.", autocompletion=completion.sweeps)
]
Sweep = Annotated[str | None, typer.Argument(help="A sweep's name or folder. Default: the only one in the ledger.")]


@grouped
def sweep(file: File, orders: options.Orders, preset: options.Preset = None, settings: options.Settings = None) -> int:
    """Run the comparisons of a file and write their report; the same command again goes on where it was stopped."""
    from harness.sweepfile import load, parse_setting

    own_files.require_passed()
    found = load(file, preset, dict(parse_setting(text) for text in settings or ()))
    named = str(Path(file).resolve()) if Path(file).is_file() else file
    chosen = [f"--preset={preset}"] if preset else []
    return launch(found, ["sweep", named, *chosen, *(f"--set={text}" for text in settings or ())], orders)


def resume(
    sweep: Sweep = None,
    catalog: options.Catalog = None,
    out: options.Out = options.DEFAULT_LEDGER,
    workers: options.Workers = None,
    device: options.Device = None,
    only: options.Only = None,
    as_json: options.AsJson = False,
) -> int:
    """Go on with a sweep: the command that started it, once more."""
    from bestiary import cli

    root, name = sweep_folder(sweep, out)
    note_file = root / "sweeps" / name / AGAIN
    if not note_file.exists():
        raise ValueError(f"resume: {note_file} is missing; give the command that started {name!r} once more")
    words = [*json.loads(note_file.read_text(encoding="utf-8")), f"--out={root}", "--yes"]
    words += [f"--only={state}" for state in only or ()]
    words += [f"--workers={workers}"] if workers else []
    words += [f"--device={device}"] if device else []
    return cli.run([*words, "--json"] if as_json else words)
