"""`bestiary explain`: which change between two entries makes their difference."""

from typing import Annotated

import typer

from bestiary import completion, own_files
from bestiary.comparison_file import Question, command_of
from bestiary.explanation import explanation_of
from bestiary.grouped import grouped
from bestiary.launching import launch
from bestiary.options import Orders, Terms

Start = Annotated[str, typer.Argument(help="The entry to start from.", autocompletion=completion.entries)]
End = Annotated[
    str, typer.Argument(help="The entry whose parts are taken one by one.", autocompletion=completion.entries)
]


@grouped
def explain(start: Start, end: End, terms: Terms, orders: Orders) -> int:
    """Train what lies between two entries: one change added at a time, then each left out of the second alone."""
    own_files.require_passed()
    question = Question("explain", (start, end), terms)
    found = explanation_of(question)
    return launch(found, command_of(question, found.tables[0]), orders)
