"""`bestiary new`: an entry of your own to fill in, checked and completed by your editor."""

import datetime
import json
import re
from pathlib import Path
from typing import Annotated

import typer

from bestiary import completion, options
from bestiary.output import note, say, say_json

SCHEMA = ".entry-schema.json"  # beside the entries, so that an editor finds it from any machine
Id = Annotated[str, typer.Argument(metavar="ID", help="The new entry's id, which is the name of its file.")]
Parent = Annotated[str, typer.Option("--extends", help="The entry that it changes.", autocompletion=completion.entries)]
TEMPLATE = """\
# yaml-language-server: $schema={schema}
name: {id}
extends: {parent}
date: {date}
change: what it changes, in one line
paper:
  title: Unpublished
  authors: [Your Name]
  year: {year}
  url: https://example.org
# below, say only what differs from {parent}; `bestiary show {parent} --parts` lists what there is, for example
# model:
#   decoder:
#     norm: {{kind: rms_norm}}
"""


def new(
    entry: Id, extends: Parent = "pre-ln", catalog: options.Catalog = None, as_json: options.AsJson = False
) -> None:
    """Write an entry of your own to fill in, with a schema beside it for your editor."""
    from catalog import Catalog, json_schema
    from catalog.folders import check_known, user_folder

    folder = user_folder()
    if folder is None:
        raise ValueError("new: give --catalog DIR (or set BESTIARY_CATALOG); the entry is written there")
    if not re.fullmatch(r"(variant/)?[a-z0-9]+([._-][a-z0-9]+)*", entry):
        raise ValueError(f"new: is no id (got {entry!r}; allowed: small letters and digits, joined by hyphens or dots)")
    folder.mkdir(parents=True, exist_ok=True)
    known = Catalog().sources
    if entry in known:
        raise ValueError(f"new: the id {entry!r} is taken by {known[entry].name}; choose another")
    check_known(extends, known)
    path = written(folder, entry, extends)
    (folder / SCHEMA).write_text(json.dumps(json_schema(), indent=1), encoding="utf-8")
    note(f"fill it in, then `bestiary check {entry} --catalog {folder}`")
    if as_json:
        say_json({"id": entry, "extends": extends, "file": str(path)})
    else:
        say(str(path))


def written(folder: Path, entry: str, parent: str) -> Path:
    """The new file."""
    path, today = folder / f"{entry}.yaml", datetime.date.today()
    path.parent.mkdir(exist_ok=True)
    schema = "../" * entry.count("/") + SCHEMA
    text = TEMPLATE.format(id=entry, parent=parent, schema=schema, date=f"{today:%Y-%m}", year=today.year)
    path.write_text(text, encoding="utf-8")
    return path
