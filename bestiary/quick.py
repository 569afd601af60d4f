"""The quick commands in the full command line's help; their work is done in `fast`, which needs no library."""

from collections.abc import Callable
from typing import Annotated

import typer

from bestiary import completion, fast

AS_GIVEN = {"ignore_unknown_options": True, "help_option_names": []}
Words = Annotated[list[str] | None, typer.Argument(autocompletion=completion.entries)]


def add_to(app: typer.Typer) -> None:
    """Register each quick command under its own name, its words handed over as they are."""
    for name in fast.COMMANDS:
        app.command(name, help=fast.usage(name).help, context_settings=AS_GIVEN)(_forward(name))


def _forward(name: str) -> Callable[[Words], int]:
    def forward(words: Words = None) -> int:
        return fast.run(name, words or [])

    return forward
