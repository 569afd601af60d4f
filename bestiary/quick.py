"""The quick commands in the full command line's help; their work is done in `fast`, which needs no library."""

from collections.abc import Callable
from typing import Annotated, Any

import typer
from typer.core import CompletionItem, TyperCommand  # type: ignore[attr-defined]

from bestiary import completion, fast

AS_GIVEN = {"ignore_unknown_options": True, "help_option_names": []}


def add_to(app: typer.Typer) -> None:
    """Register each quick command under its own name, its words handed over as they are."""
    for name in fast.COMMANDS:
        app.command(name, help=fast.usage(name).help, context_settings=AS_GIVEN, cls=command_of(name))(forward(name))


def command_of(name: str) -> type[TyperCommand]:
    """A command whose options the shell completes though only `fast` knows them."""

    class Quick(TyperCommand):
        def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:
            return [CompletionItem(word) for word in completion.quick(fast.usage(name), words_of(ctx), incomplete)]

    return Quick


def forward(name: str) -> Callable[..., int]:
    """The command that hands its words to `fast`."""

    def complete(ctx: typer.Context, incomplete: str) -> list[str]:
        return completion.quick(fast.usage(name), words_of(ctx), incomplete)

    Words = Annotated[list[str] | None, typer.Argument(autocompletion=complete)]

    def run(words: Words = None) -> int:
        return fast.run(name, words or [])

    return run


def words_of(context: Any) -> list[str]:
    """The words before the one that is completed."""
    return list(context.params.get("words") or [])
