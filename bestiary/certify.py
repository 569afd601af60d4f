"""`bestiary check`: the certificate of catalog entries."""

from typing import TYPE_CHECKING, Annotated

import typer

from bestiary import completion, options
from bestiary.output import note, say, say_json

if TYPE_CHECKING:
    from variants.certificate import EntryCheck

Entries = Annotated[list[str] | None, typer.Argument(help="Catalog entries.", autocompletion=completion.entries)]
All = Annotated[bool, typer.Option("--all", help="Check every entry of the catalog.")]


def check(
    entries: Entries = None, all_entries: All = False, device: options.Device = None, as_json: options.AsJson = False
) -> int:
    """Check that entries see no future, hold nothing inert and count as published; exit code 1 when one fails."""
    if all_entries == bool(entries):
        raise ValueError("check: name entries, or give --all for every one")
    from variants.certificate import check_entries

    checked = []
    for result in check_entries(entries, device=device or "cpu"):
        checked.append(result)
        (note if as_json else say)(line_of(result))
    if as_json:
        say_json([result.to_json() for result in checked])
    failed = sum(not result.ok for result in checked)
    note(f"{len(checked)} checked, {failed} failed")
    return 1 if failed else 0


def line_of(result: "EntryCheck") -> str:
    """One line when all is well, and one more for each fault."""
    took = "as another entry of its structure" if result.reused else f"{result.certificate.seconds:.1f} s"
    faults = [f"  {check}: {text}" for check, found in result.to_json()["faults"].items() for text in found]
    return "\n".join([f"{'ok    ' if result.ok else 'FAILED'}  {result.entry}  ({took})", *faults])
