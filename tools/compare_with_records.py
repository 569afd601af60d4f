"""Compares the catalog with a file of model records, field by field: `python tools/compare_with_records.py FILE`.

FILE is YAML with a list `models`; a record has `id` and any of the fields below. What differs is printed with the
reason, which comes from the entry itself or from `record_reasons.yaml` beside this file. Exit code 1 when something is
missing, or contradicts a record, without a reason.
"""

import re
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from catalog.built import parameters
from catalog.entries import Catalog, Entry, sized_model
from catalog.listing import announced
from catalog.resolution import resolve_model, spec_hash

REASONS = Path(__file__).parent / "record_reasons.yaml"
SAME, WORDS, DIFFERS, MISSING = "same", "other words", "differs", "missing"
NEAR = 0.1  # a figure of one digit, such as 7B for 6.74B
NOT_LOOKED_UP = "nobody looked it up"


class Finding(NamedTuple):
    """What came of one field of one record; without a reason it stands against the catalog."""

    outcome: str
    record: Any = None
    ours: Any = None
    reason: str | None = None


class Subject(NamedTuple):
    """An entry and whom it descends from, nearest first and itself included."""

    entry: Entry
    descent: list[str]


def main(arguments: list[str]) -> int:
    """Print what differs and a table of counts; 1 when something has no reason."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python tools/compare_with_records.py FILE\n")
        return 2
    records = yaml.load(Path(arguments[0]).read_text(encoding="utf-8"), yaml.CSafeLoader)["models"]
    reasons = yaml.load(REASONS.read_text(encoding="utf-8"), yaml.CSafeLoader)
    found = {(record["id"], field): finding for record in records for field, finding in compare(record, reasons)}
    for (name, field), each in found.items():
        if each.outcome in (DIFFERS, MISSING):
            print(f"{name}: {field}: record {each.record!r}, here {each.ours!r}: {each.reason or 'NO REASON'}")
    counts = Counter((field, each.outcome) for (_, field), each in found.items())
    print(f"\n{len(records)} records\n{'field':<12}" + "".join(f"{outcome:>13}" for outcome in OUTCOMES))
    for field in FIELDS:
        print(f"{field:<12}" + "".join(f"{counts[field, outcome]:>13}" for outcome in OUTCOMES))
    open_ones = sum(each.outcome in (DIFFERS, MISSING) and not each.reason for each in found.values())
    print(f"\n{open_ones} without a reason")
    return int(open_ones > 0)


def compare(record: Mapping[str, Any], reasons: Mapping[str, Mapping[str, str]]) -> list[tuple[str, Finding]]:
    """What came of each field of a record."""
    catalog, name = Catalog(), record["id"]
    if name not in catalog.sources:
        return [("entry", Finding(MISSING, name, None, reasons.get(name, {}).get("entry")))]
    subject = Subject(catalog.entry(name), catalog.descent(name))
    found = [("entry", Finding(SAME))]
    for field, judge in FIELDS.items():
        if field != "entry":
            finding = judge(record, subject)
            reason = reasons.get(name, {}).get(field)
            found.append((field, finding._replace(reason=reason) if reason and not finding.reason else finding))
    return found


def _text(record_field: str, ours: str) -> Callable[[Mapping[str, Any], Subject], Finding]:
    """A field in words: the same, or said otherwise; missing when only the record has it."""

    def judge(record: Mapping[str, Any], subject: Subject) -> Finding:
        said, here = record.get(record_field), subject.entry.raw.get(ours)
        if not said or _plain(said) == _plain(here):
            return Finding(SAME)
        if here is None:
            known = ours in subject.entry.raw.get("unverified", ())
            return Finding(MISSING, said, None, NOT_LOOKED_UP if known else None)
        return Finding(WORDS, said, here)

    return judge


def _stack(record: Mapping[str, Any], subject: Subject) -> Finding:
    said, here = str(record.get("family")).replace("-", "_"), subject.entry.stack
    return Finding(SAME) if said in (here, "any") else Finding(DIFFERS, said, here)


def _date(record: Mapping[str, Any], subject: Subject) -> Finding:
    said, here = record.get("date"), subject.entry.raw["date"][:7]
    return Finding(SAME) if said == here else Finding(DIFFERS, said, here)


def _paper(record: Mapping[str, Any], subject: Subject) -> Finding:
    said, here = record.get("paper"), subject.entry.raw["paper"]["url"]
    return Finding(SAME) if not said or str(said) in here else Finding(DIFFERS, said, here)


def _descent(record: Mapping[str, Any], subject: Subject) -> Finding:
    said, (_, *ancestors) = record.get("extends"), subject.descent
    here = ancestors[0] if ancestors else None
    if said == here:
        return Finding(SAME)
    return Finding(DIFFERS, said, here, f"by way of {here}" if said in ancestors else None)


def _sizes(record: Mapping[str, Any], subject: Subject) -> Finding:
    figures = [match[0] for text in record.get("params") or () if (match := re.match(r"[\d.]+[KMBT]", text))]
    counts = _counts(subject.entry)
    absent = [figure for figure in figures if not any(_near(count, announced(figure) or 1) for count in counts)]
    return Finding(MISSING, ", ".join(absent), sorted(counts)) if absent else Finding(SAME)


def _built(record: Mapping[str, Any], subject: Subject) -> Finding:
    can, here = record.get("buildable_as_text_transformer"), bool(subject.entry.model)
    if can == here:
        return Finding(SAME)
    return Finding(DIFFERS, can, here, subject.entry.raw.get("not_built") or "its parts exist")


def _errors(record: Mapping[str, Any], subject: Subject) -> Finding:
    """An error of Amatriain's table that a record notes is noted here too."""
    said, here = record.get("notes") or "", subject.entry.raw.get("notes") or ""
    noted = "catalog" not in said.lower() or "Amatriain" in here
    return Finding(SAME) if noted else Finding(MISSING, said, here or None)


FIELDS: dict[str, Callable[[Mapping[str, Any], Subject], Finding]] = {
    "entry": lambda record, subject: Finding(SAME),
    "name": _text("name", "name"),
    "stack": _stack,
    "objective": _text("pretraining_objective", "objective"),
    "date": _date,
    "sizes": _sizes,
    "lab": _text("lab", "lab"),
    "licence": _text("licence", "licence"),
    "corpus": _text("corpus", "corpus"),
    "paper": _paper,
    "change": _text("change", "change"),
    "descent": _descent,
    "built": _built,
    "errors": _errors,
}
OUTCOMES = (SAME, WORDS, DIFFERS, MISSING)


def _counts(entry: Entry) -> list[int]:
    """What is known of the entry's sizes: built, published or announced."""
    sizes = (None, *entry.sizes) if entry.model else ()
    built = [parameters(spec_hash(resolve_model(sized_model(entry, size), check=False))) for size in sizes]
    rounded = [announced(text) for text in entry.raw.get("announced", {}).values()]
    return [count for count in (*built, *rounded, *entry.raw.get("published", {}).values()) if count]


def _near(count: int, figure: int) -> bool:
    return abs(count / figure - 1) <= NEAR


def _plain(text: Any) -> str:
    return re.sub(r"[^a-z0-9]", "", str(text).lower())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
