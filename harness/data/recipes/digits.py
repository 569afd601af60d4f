"""Handwritten digits, 8 x 8 pixels of 0 to 16, from the table inside PyPI `scikit-learn`."""

import gzip
from collections import defaultdict
from pathlib import Path

from harness.data.recipes.ranks import rank

SHARES = {"test": 5, "val": 10}


def cut(package: Path) -> dict[str, str]:
    """Per split, lines of 64 pixels row by row and the digit, parted by commas; each digit is split alike."""
    table = gzip.decompress((package / "sklearn/datasets/data/digits.csv.gz").read_bytes()).decode()
    by_digit: dict[str, list[str]] = defaultdict(list)
    for line in sorted({",".join(str(int(float(x))) for x in row.split(",")) for row in table.split()}):
        by_digit[line.rsplit(",", 1)[1]].append(line)
    rows: dict[str, list[str]] = {"train": [], "val": [], "test": []}
    for _, lines in sorted(by_digit.items()):
        lines.sort(key=lambda line: rank("digits", line))
        first = 0
        for split, share in SHARES.items():
            rows[split] += lines[first : first + len(lines) // share]
            first += len(lines) // share
        rows["train"] += lines[first:]
    return {split: "".join(f"{line}\n" for line in lines) for split, lines in rows.items()}
