"""`bestiary schema`: the JSON Schema of an entry's file."""

from bestiary import options
from bestiary.output import say_json


def schema(as_json: options.AsJson = False) -> None:
    """Print the JSON Schema of a catalog entry, for completion and checks in an editor."""
    from catalog import json_schema

    say_json(json_schema())
