"""`bestiary schema`: the JSON Schema of an entry's file, or of a sweep's."""

from typing import Annotated

import typer

from bestiary import options
from bestiary.output import say_json
from catalog.errors import did_you_mean, refusal

WHATS = ("entry", "sweep")
What = Annotated[str, typer.Argument(help="The sort of file: entry or sweep.")]


def schema(what: What = WHATS[0], as_json: options.AsJson = False) -> None:
    """Print the JSON Schema of a catalog entry or of a sweep file, for completion and checks in an editor."""
    if what not in WHATS:
        near = did_you_mean(what, WHATS)
        raise refusal(None, "schema", "unknown sort of file", value=what, allowed=", ".join(WHATS), suggestion=near)
    if what == "sweep":
        from harness.sweepschema import json_schema
    else:
        from catalog import json_schema
    say_json(json_schema())
