"""Writes what the torch-free half reads: `catalog/parts.json` from signatures, `catalog/built.json` from models.

`python -m variants.index` writes them, and the tables of `variants.matrix` where a part changed;
`python -m variants.index --check` fails when one is stale.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from catalog.access import resolve
from catalog.built import BUILT_FILE
from catalog.entries import Catalog
from catalog.records import PARTS_FILE
from catalog.resolution import spec_hash
from variants import matrix
from variants.measure import measure
from variants.registry import records


def parts_text() -> str:
    """The content of `catalog/parts.json`."""
    data = {sort: {kind: record.to_json() for kind, record in kinds.items()} for sort, kinds in records().items()}
    return json.dumps(data, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def built_text() -> str:
    """The content of `catalog/built.json`: what is measured of every entry at every size."""
    catalog, live = Catalog(), records()
    measured = {}
    for name in sorted(catalog.sources):
        entry = catalog.entry(name)
        for size in (None, *entry.sizes) if entry.stacks != "none" else ():
            spec = resolve(name, size, records=live)
            digest = spec_hash(spec)
            if digest not in measured:
                measured[digest] = measure(spec)
    return json.dumps(measured, indent=1, sort_keys=True) + "\n"


def main(arguments: list[str]) -> int:
    """Writes or checks the generated files; 1 when a check finds one stale."""
    check = "--check" in arguments
    if not check:
        before = PARTS_FILE.read_text(encoding="utf-8") if PARTS_FILE.exists() else ""
        parts = parts_text()
        PARTS_FILE.write_text(parts, encoding="utf-8")  # first: entries are read against it
        if parts != before:
            matrix.main([])  # other kinds, other combinations
    files: dict[Path, str] = {PARTS_FILE: parts_text(), BUILT_FILE: built_text()}
    if not check:
        BUILT_FILE.write_text(files[BUILT_FILE], encoding="utf-8")
        return 0
    stale = [path.name for path, text in files.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if stale:
        sys.stderr.write(f"stale: {', '.join(stale)}; make it anew with `python -m variants.index`\n")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
