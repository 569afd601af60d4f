"""`bestiary import`: an entry from a checkpoint's config, in the folder of a user's own."""

from pathlib import Path
from typing import Annotated

import typer

from bestiary import options
from bestiary.output import note, say, say_json

Config = Annotated[Path, typer.Argument(metavar="DIR|CONFIG", help="A checkpoint's folder, or its config.json.")]
Id = Annotated[str | None, typer.Option("--id", help="The entry's id. Default: the folder's name.")]


def import_entry(
    config: Config, entry: Id = None, catalog: options.Catalog = None, as_json: options.AsJson = False
) -> None:
    """Write an entry for a checkpoint of the transformers library into your own catalog folder."""
    from catalog.folders import user_folder

    folder = user_folder()
    if folder is None:
        raise ValueError("import: give --catalog DIR (or set BESTIARY_CATALOG); the entry is written there")
    folder.mkdir(parents=True, exist_ok=True)
    from catalog import Catalog
    from variants.weights.entry_from_config import entry_from_config

    written = entry_from_config(config, entry)
    if written.id in (known := Catalog().sources):
        raise ValueError(f"import: the id {written.id!r} is taken by {known[written.id].name}; give another with --id")
    path = folder / f"{written.id}.yaml"
    path.write_text(written.text, encoding="utf-8")
    note(f"{written.id} extends {written.parent}; `bestiary show {written.id} --catalog {folder}` shows it")
    if written.passed_over:
        note(f"passed over, since they say nothing about logits: {', '.join(written.passed_over)}")
    if as_json:
        answer = {"id": written.id, "extends": written.parent, "file": str(path), "model": written.model}
        say_json({**answer, "passed_over": written.passed_over})
    else:
        say(str(path))
