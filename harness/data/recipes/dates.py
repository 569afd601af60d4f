"""Dates written out in 15 locales to ISO 8601, split by calendar day, from the CLDR formats inside PyPI `Babel`."""

import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from harness.data.recipes.ranks import rank

LOCALES = ("cs", "da", "de", "en", "en_GB", "es", "fi", "fr", "id", "it", "nl", "pl", "pt", "sv", "tr")
FORMATS = ("medium", "long", "full")
FIRST_DAY, DAYS = date(1900, 1, 1), 55_000
STRINGS = 24_000
SHARES = {"test": 12, "val": 12}


def cut(package: Path) -> dict[str, str]:
    """Per split, lines `written date TAB ISO date`; no calendar day stands in two splits."""
    with _importable(package):
        written = sample(importlib.import_module("babel.dates").format_date)
    days = sorted({day for day in written.values() if day}, key=lambda day: rank("dates/days", day))
    home, first = {}, 0
    for split, share in SHARES.items():
        last = first + len(days) // share
        home.update(dict.fromkeys(days[first:last], split))
        first = last
    rows: dict[str, list[str]] = {"train": [], "val": [], "test": []}
    for text, day in sorted(written.items()):
        if day:
            rows[home.get(day, "train")].append(f"{text}\t{day}\n")
    return {split: "".join(lines) for split, lines in rows.items()}


def sample(format_date: Callable[..., str]) -> dict[str, str]:
    """Written date to ISO date for `STRINGS` different texts; one that can be read as two days maps to nothing."""
    found: dict[str, str] = {}
    draw = 0
    while len(found) < STRINGS:
        number = int.from_bytes(rank("dates", str(draw))[:8])
        number, day = divmod(number, DAYS)
        number, locale = divmod(number, len(LOCALES))
        day_of_draw = FIRST_DAY + timedelta(days=day)
        text = format_date(day_of_draw, FORMATS[number % len(FORMATS)], locale=LOCALES[locale])
        known = found.setdefault(text, day_of_draw.isoformat())
        if known != day_of_draw.isoformat():
            found[text] = ""
        draw += 1
    return found


@contextmanager
def _importable(package: Path) -> Iterator[None]:
    """Babel's modules come from `package`, and are forgotten afterwards."""
    before: dict[str, Any] = {name: sys.modules.pop(name) for name in _loaded()}
    sys.path.insert(0, str(package))
    try:
        yield
    finally:
        sys.path.remove(str(package))
        for name in _loaded():
            del sys.modules[name]
        sys.modules.update(before)


def _loaded() -> list[str]:
    return [name for name in sys.modules if name.split(".")[0] == "babel"]
