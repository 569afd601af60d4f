"""The command line: its commands by name, and what becomes of a usage error."""

import sys
from collections.abc import Sequence

import typer

from bestiary import (
    certify,
    cite,
    comparing,
    explaining,
    exporting,
    generation,
    importing,
    quick,
    reporting,
    runs,
    schema,
    siting,
    standing,
    starting,
    sweeping,
)
from bestiary.failures import INTERRUPTED

app = typer.Typer(
    name="bestiary",
    help="A catalog of Transformer variants, and fair comparisons between them.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done, 1 a check or comparison failed, 2 bad input, 3 busy, 4 disk full or read-only, "
    "130 Ctrl-C. --debug shows tracebacks.",
)
quick.add_to(app)
for command in (
    certify.check,
    comparing.compare,
    explaining.explain,
    sweeping.sweep,
    sweeping.resume,
    standing.status,
    reporting.report,
    generation.generate,
    exporting.export,
    cite.cite,
    schema.schema,
    starting.new,
    siting.site,
):
    app.command()(command)
app.command("import")(importing.import_entry)
app.add_typer(runs.app, name="runs")


def run(argv: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code; failures of the work itself pass through as exceptions."""
    try:
        code = app(args=argv, prog_name="bestiary", standalone_mode=False)
    except typer.TyperException as error:
        if told := error.format_message():
            print(f"error: {told}{_help_of(error)}", file=sys.stderr)
        return error.exit_code
    if code == INTERRUPTED:
        # typer keeps Ctrl-C to itself; whoever called tells it like any other failure
        raise KeyboardInterrupt
    return int(code or 0)


def _help_of(error: typer.TyperException) -> str:
    """Where to go on: the commands of a group that was given none, or the help of a command."""
    context = getattr(error, "ctx", None)
    if context is None:
        return ""
    commands = getattr(context.command, "commands", None)
    if commands and context.parent:
        return f" ({context.command_path} takes a command first: {', '.join(commands)})"
    return f" (`{context.command_path} --help` tells more)"
