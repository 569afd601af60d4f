"""`bestiary list`: the entries of the catalog, chosen, sorted, and in the columns that are asked for."""

import csv
import sys
from collections.abc import Iterable
from typing import Any

from bestiary.arguments import Arguments, Usage
from bestiary.browse.columns import ALIASES, cell, chosen_columns
from bestiary.browse.speech import CATALOG, say, say_json
from bestiary.failures import BAD_INPUT, OK
from bestiary.table import table, width

USAGE = Usage(
    "list",
    positional=("[PATTERN...]",),
    options=(
        *("--stack", "--trait", "--task", "--year", "--params", "--lab", "--licence", "--filter", "--search"),
        *("--sort", "--columns", CATALOG),
    ),
    flags=("--sizes", "--json", "--csv"),
    completes={
        "": "entries",
        "--stack": "stacks",
        "--trait": "traits",
        "--task": "tasks",
        "--filter": "conditions",
        "--sort": "keys",
        "--columns": "keys",
    },
    help="List the entries of the catalog.\n\n"
    "  PATTERN           ids, with * and ? for what is left open: 'gpt*' 'variant/*'\n"
    "  --stack S         encoder, decoder, encoder_decoder, baseline or other\n"
    "  --trait T         what several options say together: gqa, moe, relative_position; `bestiary axes traits`\n"
    "  --task T          entries that a task can train\n"
    "  --year R          2019, 2019-2021, 2023- or -2017\n"
    "  --params R        parameters at any size: 100M-150M, 7B-, -1B\n"
    "  --lab, --licence TEXT   a part of the name will do\n"
    "  --filter K=V      a fact, kind or dimension: norm=rms_norm, n_heads>=12, date<2020; != too\n"
    "  --search TEXT     entries that contain every word\n"
    "  --sort K          id, date, params or any other key; -K turns it round\n"
    "  --columns K,K     what to show of each: any key of --filter, also params, flops (for each token),\n"
    "                    cache (bytes for each token beyond all windows, in bfloat16)\n"
    "  --sizes           a line for each size of an entry\n"
    "  --catalog DIR     add the entries of a folder of your own (or set BESTIARY_CATALOG)\n"
    "  --json, --csv     for programs\n\n"
    "Options may be repeated; all of them must hold.",
)
CSV_COLUMNS = (
    *("id", "name", "date", "stack", "extends", "parameters", "lab", "licence", "corpus", "objective", "change"),
)


def run(given: Arguments) -> int:
    """Print the entries that meet every condition; entries that cannot be read are told on stderr."""
    rows = choose(given)
    if "--json" in given.flags:
        say_json([plain(row) for row in rows])
    elif "--csv" in given.flags:
        _say_csv(rows, given)
    elif rows:
        columns = chosen_columns(given.last("--columns"), rows, width())
        lines = [[cell(row, column) for column in columns] for row in rows if "faults" not in row]
        say(table(columns, lines, right=("params", "flops", "cache", "year")))
    else:
        print("no entry meets these conditions", file=sys.stderr)
    faulty = [fault for row in rows for fault in row.get("faults", ())]
    for fault in faulty:
        print(f"error: {fault}", file=sys.stderr)
    return BAD_INPUT if faulty else OK


def choose(given: Arguments) -> list[dict[str, Any]]:
    """The rows that are asked for, in the order that is asked for."""
    from catalog import filters
    from catalog.listing import index
    from catalog.sizes import by_size

    everyone = rows = index(given.last(CATALOG))
    if given.positional:
        rows = filters.by_name(rows, given.positional)
    if "--sizes" in given.flags or given.all("--params"):
        rows = by_size(rows)
    for stack in given.all("--stack"):
        rows = filters.by_stack(rows, stack)
    for trait in given.all("--trait"):
        rows = filters.by_trait(rows, trait)
    for task in given.all("--task"):
        rows = _trainable(rows, task)
    for key, option in (("year", "--year"), ("parameters", "--params")):
        for text in given.all(option):
            rows = filters.by_range(rows, key, text, option)
    for key in ("lab", "licence"):
        for text in given.all(f"--{key}"):
            rows = filters.by_name_of(rows, key, text, everyone)
    for condition in given.all("--filter"):
        rows = filters.by_condition(rows, condition)
    for text in given.all("--search"):
        rows = filters.by_words(rows, text)
    for key in given.all("--sort")[-1:]:
        name = key.removeprefix("-")
        rows = filters.in_order(rows, key.replace(name, ALIASES.get(name, name)))
    return rows


def plain(row: dict[str, Any]) -> dict[str, Any]:
    """A row without what only serves the listing itself."""
    return {name: value for name, value in row.items() if name not in ("at_sizes", "is_resized")}


def _trainable(rows: Iterable[dict[str, Any]], task: str) -> list[dict[str, Any]]:
    from catalog.errors import did_you_mean, refusal
    from harness.tasks.registry import TASK, task_kinds

    known = task_kinds()
    if task not in known:
        near = did_you_mean(task, known)
        raise refusal(None, "--task", "unknown task", value=task, allowed=", ".join(known), suggestion=near)
    stacks = TASK.kinds[task].stacks
    return [row for row in rows if row.get("spec_hash") and row["stack"] in stacks]


def _say_csv(rows: list[dict[str, Any]], given: Arguments) -> None:
    columns = chosen_columns(given.last("--columns"), rows, 0) if given.last("--columns") else CSV_COLUMNS
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_value(row, column) for column in columns] for row in rows)


def _value(row: dict[str, Any], column: str) -> Any:
    from catalog.sizes import name_of

    if column == "id":
        return name_of(row)
    key = ALIASES.get(column, column)
    value = row.get(key, row.get("dimensions", {}).get(key, row.get("kinds", {}).get(key)))
    return " ".join(map(str, value)) if isinstance(value, list) else value
