"""The folder of a user's own entries, for the length of a command: `--catalog DIR` stands for BESTIARY_CATALOG."""

import os
from pathlib import Path

import typer

from catalog.folders import USER_VARIABLE, user_folder


def use(context: typer.Context, folder: Path | None) -> Path | None:
    """Sets the variable until the command ends, so that processes which it starts see the folder too."""
    if folder is not None and not context.resilient_parsing:
        before = os.environ.get(USER_VARIABLE)
        os.environ[USER_VARIABLE] = str(folder.expanduser().resolve())
        context.call_on_close(lambda: _restore(before))
    return folder


def _restore(before: str | None) -> None:
    if before is None:
        os.environ.pop(USER_VARIABLE, None)
    else:
        os.environ[USER_VARIABLE] = before


def words() -> list[str]:
    """The option that names the folder in use again, from any working folder; empty where there is none."""
    folder = user_folder()
    return [] if folder is None else [f"--catalog={folder.resolve()}"]
