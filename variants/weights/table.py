"""Writes `variants/PARITY.md`: each entry's logits beside those of its reference.

`python -m variants.weights.table` writes it; with `--check` it fails when a row is missing or one too many.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from catalog.reference import PADDINGS
from variants.weights.parity import Parity, cases, compare

FILE = Path(__file__).parent.parent / "PARITY.md"
HEAD = """# Logits beside the reference's

Written by `python -m variants.weights.table`; tests/test_weights_parity.py holds every row to 1e-4.

Largest absolute difference of logits at real tokens in float32, on a tiny model of the same structure with random
weights, without padding, padded on the right and on the left (text alone). `spread` is the logits' standard deviation.
`back` is the largest difference between the library's tensors and what export makes of ours. A case is the entry under
another config of the library.

| entry | case | class of transformers | no padding | right | left | spread | back |
|---|---|---|---|---|---|---|---|
"""


def row(parity: Parity) -> str:
    """One line of the table."""
    numbers = [f"{parity.differences[name]:.0e}" if name in parity.differences else "" for name in PADDINGS]
    cells = [parity.entry, parity.case, parity.class_name, *numbers, f"{parity.spread:.2f}", f"{parity.back:.0e}"]
    return f"| {' | '.join(cells)} |"


def write(rows: Iterable[Parity]) -> None:
    """Writes the table anew."""
    FILE.write_text(HEAD + "\n".join(map(row, rows)) + "\n", encoding="utf-8")


def listed() -> set[tuple[str, str]]:
    """Entry and case of every row of the table as it stands."""
    return set(differences())


def differences() -> dict[tuple[str, str], list[float]]:
    """The differences of logits in every row of the table as it stands, by entry and case."""
    lines = FILE.read_text(encoding="utf-8").removeprefix(HEAD).splitlines() if FILE.exists() else []
    rows = [[cell.strip() for cell in line.split("|")] for line in lines if line.startswith("| ")]
    return {(row[1], row[2]): [float(cell) for cell in row[4 : 4 + len(PADDINGS)] if cell] for row in rows}


def main(arguments: list[str]) -> int:
    """Writes or checks the table; 1 when a check finds it stale."""
    if "--check" not in arguments:
        write(compare(known, case) for known, case in cases())
        return 0
    wanted = {(known.id, case) for known, case in cases()}
    stale = sorted(wanted ^ listed())
    if stale:
        sys.stderr.write(f"PARITY.md is stale at {stale}; make it anew with `python -m variants.weights.table`\n")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
