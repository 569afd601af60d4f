"""Writes which kinds combine: `catalog/matrix.json`, and `catalog/MATRIX.md` for reading.

`python -m variants.matrix` writes them; `python -m variants.matrix --check` fails when one is stale.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from catalog.matrix import MATRIX_FILE, PAGE_FILE, page
from catalog.records import Records
from variants.combining import base, kinds_of, needed_by, part, put, why_not
from variants.parts import Spec
from variants.registry import records

STACKS = {"encoder": "encoder", "decoder": "decoder", "decoder beside an encoder": "encoder_decoder"}
TABLES: tuple[
    tuple[str, str, str | None], ...
] = (  # rows, columns, and the stack that they meet in; the column `stack` is the stacks themselves
    ("mixer", "stack", None),
    ("position", "stack", None),
    ("visibility", "stack", None),
    ("residual", "stack", None),
    ("head", "stack", None),
    ("position", "mixer", "decoder"),
    ("visibility", "mixer", "encoder"),
    ("visibility", "mixer", "decoder"),
    ("residual", "norm", "decoder"),
    ("embedding", "head", "encoder"),
)


def matrix_text() -> str:
    """The content of `catalog/matrix.json`."""
    return json.dumps([table(*each, live=records()) for each in TABLES], indent=1, ensure_ascii=False) + "\n"


def table(rows: str, columns: str, stack: str | None, *, live: Records) -> dict[str, Any]:
    """One table: its labels, and the reason of each combination that is refused."""
    down = kinds_of(rows, live)
    across: Mapping[str, Any] = STACKS if columns == "stack" else kinds_of(columns, live)
    refused: dict[str, dict[str, str]] = {}
    for row, first in down.items():
        for column, second in across.items():
            chosen = {rows: first} if stack is None else {rows: first, columns: second}
            if reason := why_not(model_of(second if stack is None else stack, chosen, live), live):
                refused.setdefault(row, {})[column] = reason
    return {"rows": rows, "columns": columns, "stack": stack, "down": [*down], "across": [*across], "refused": refused}


def model_of(stack: str, chosen: Mapping[str, tuple[str, str]], live: Records) -> Spec:
    """A small model with the chosen kinds, by axis; what one of them needs of an axis left open comes with it."""
    model = base(stack)
    for axis, kind in {**needed_by(chosen, live), **chosen}.items():
        put(model, axis, kind[0], part(*kind, live))
    if "norm" not in chosen and "residual" in chosen and "norm" not in live["residual"][chosen["residual"][1]].hooks:
        put(model, "norm", "norm", None)
    return model


def main(arguments: list[str]) -> int:
    """Writes or checks the files; 1 when a check finds one stale."""
    text = matrix_text()
    files: dict[Path, str] = {MATRIX_FILE: text, PAGE_FILE: page(json.loads(text))}
    if "--check" not in arguments:
        for path, content in files.items():
            path.write_text(content, encoding="utf-8")
        return 0
    stale = [path.name for path, old in files.items() if not path.exists() or path.read_text(encoding="utf-8") != old]
    if stale:
        sys.stderr.write(f"stale: {', '.join(stale)}; make it anew with `python -m variants.matrix`\n")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
