"""`bestiary compare`: a fair comparison of the entries named."""

from typing import Annotated

import typer

from bestiary import completion, own_files
from bestiary.comparison_file import Question, command_of, sweep_of
from bestiary.grouped import grouped
from bestiary.launching import launch
from bestiary.options import Orders, Terms

Entries = Annotated[
    list[str], typer.Argument(help="Two entries or more; the first is the baseline.", autocompletion=completion.entries)
]


@grouped
def compare(entries: Entries, terms: Terms, orders: Orders) -> int:
    """Train entries alike, with equal budgets, tuning and seeds, and report which differences are real."""
    own_files.require_passed()
    question = Question("compare", entries, terms)
    found = sweep_of(question)
    return launch(found, command_of(question, found.tables[0]), orders)
