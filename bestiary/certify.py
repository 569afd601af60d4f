"""`bestiary check`: the certificate of catalog entries, or of parts in a file of the user's."""

import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from bestiary import completion, options, own_files
from bestiary.output import note, say, say_json
from catalog.own_files import TASKS

if TYPE_CHECKING:
    from variants.certificate import EntryCheck, PartCheck

Checked = TypeVar("Checked", "EntryCheck", "PartCheck")
Entries = Annotated[list[str] | None, typer.Argument(help="Catalog entries.", autocompletion=completion.entries)]
All = Annotated[bool, typer.Option("--all", help="Check every entry of the catalog.")]
Part = Annotated[
    Path | None, typer.Option("--part", metavar="FILE", help="Check the parts that a Python file of yours registers.")
]
TaskFile = Annotated[
    Path | None,
    typer.Option("--task-file", metavar="FILE", help="Check the tasks that a Python file of yours registers."),
]


def check(
    entries: Entries = None,
    all_entries: All = False,
    part: Part = None,
    task_file: TaskFile = None,
    catalog: options.Catalog = None,
    workers: options.Workers = None,
    device: options.Device = None,
    as_json: options.AsJson = False,
) -> int:
    """Check that entries see no future, hold nothing inert and count as published; exit code 1 when one fails."""
    if [bool(entries), all_entries, part is not None, task_file is not None].count(True) != 1:
        raise ValueError(
            "check: name entries, or give --all for every one, or --part FILE or --task-file FILE for files of your own"
        )
    if task_file is not None:
        return check_tasks(task_file, as_json)
    if part is not None:
        return check_file(part, device or "cpu", as_json)
    return check_entries(entries, workers, device or "cpu", as_json)


def check_entries(entries: list[str] | None, workers: int | None, device: str, as_json: bool) -> int:
    """Check the named entries, or all and with them the rules of the catalog, each distinct structure once."""
    from catalog.lint import lint
    from variants import certificate

    # a few entries are checked sooner than processes start
    at_once = workers or (1 if entries else os.cpu_count() or 1)
    start = time.perf_counter()
    checked = tell(certificate.check_entries(entries, device=device, workers=at_once), line_of_entry, as_json)
    keep_verdicts(checked)
    structures = len({result.certificate.structure for result in checked})
    broken = [] if entries else lint()
    for fault in broken:
        (note if as_json else say)(f"FAILED  {fault}")
    failed = sum(not result.ok for result in checked) + len(broken)
    (note if as_json else say)(
        f"{count(len(checked), 'entry', 'entries')}, {count(structures, 'distinct structure')}, {failed} failed, "
        f"{time.perf_counter() - start:.0f} s"
    )
    return 1 if failed else 0


def keep_verdicts(checked: "Iterable[EntryCheck]") -> None:
    """Remembers what was found, for `show`."""
    from catalog.certified import remember

    for result in checked:
        faults = [f"{check}: {text}" for check, found in result.to_json()["faults"].items() for text in found]
        remember(result.entry, result.certificate.structure, faults)


def check_file(part: Path, device: str, as_json: bool) -> int:
    """Check the kinds of part that a file registers, each in small models around it."""
    from harness.gate import pass_part
    from variants.certificate import check_part

    checked = tell(check_part(part, device), line_of_part, as_json)
    kinds = len({(result.sort, result.kind) for result in checked})
    failed = sum(not result.ok for result in checked)
    if not failed:
        pass_part(part)
    (note if as_json else say)(f"{count(kinds, 'kind')} in {count(len(checked), 'place')}, {failed} failed")
    return 1 if failed else 0


def check_tasks(path: Path, as_json: bool) -> int:
    """Check the kinds of task that a file registers, each in its tiny form, and its metrics on them."""
    from harness.tasks.checks import faults_in_file

    with own_files.in_use(TASKS, [path]) as (file,):
        found = faults_in_file(file)
    for kind, faults in found.items():
        told = [f"  {check}: {fault}" for check, those in faults.items() for fault in those]
        passed = ", ".join(check for check, those in faults.items() if not those)
        head = f"{'FAILED' if told else 'ok    '}  task {kind}  (passed: {passed or 'nothing'})"
        (note if as_json else say)("\n".join([head, *told]))
    if as_json:
        say_json([{"kind": kind, "ok": not any(faults.values()), "faults": faults} for kind, faults in found.items()])
    return 1 if any(any(faults.values()) for faults in found.values()) else 0


def tell(found: Iterable[Checked], line: Callable[[Checked], str], as_json: bool) -> list[Checked]:
    """Prints each result as it comes; all of them as JSON at the end, where that is wanted."""
    checked = []
    for result in found:
        checked.append(result)
        (note if as_json else say)(line(result))
    if as_json:
        say_json([result.to_json() for result in checked])
    return checked


def line_of_entry(result: "EntryCheck") -> str:
    """One line when all is well, and one more for each fault."""
    took = "as another entry of its structure" if result.reused else f"{result.certificate.seconds:.1f} s"
    return lines(result, result.entry, took)


def line_of_part(result: "PartCheck") -> str:
    """One line when all is well or the part does not stand there, and one more for each fault."""
    took = f"does not stand here: {result.refused}" if result.refused else f"{result.seconds:.1f} s"
    return lines(result, f"{result.sort} {result.kind}: {result.place}", took)


def lines(result: "EntryCheck | PartCheck", what: str, took: str) -> str:
    faults = [f"  {check}: {text}" for check, found in result.to_json()["faults"].items() for text in found]
    return "\n".join([f"{'ok    ' if result.ok else 'FAILED'}  {what}  ({took})", *faults])


def count(number: int, one: str, many: str | None = None) -> str:
    return f"{number} {one if number == 1 else many or f'{one}s'}"
