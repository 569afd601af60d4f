"""Writes what the torch-free half reads: `catalog/parts.json`, from the live signatures.

`python -m variants.index` writes it; `python -m variants.index --check` fails when it is stale.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from catalog.records import PARTS_FILE
from variants.registry import records


def parts_text() -> str:
    """The content of `catalog/parts.json`."""
    data = {sort: {kind: record.to_json() for kind, record in kinds.items()} for sort, kinds in records().items()}
    return json.dumps(data, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def main(arguments: list[str]) -> int:
    """Writes or checks the generated files; 1 when a check finds one stale."""
    files: dict[Path, str] = {PARTS_FILE: parts_text()}
    if "--check" not in arguments:
        for path, text in files.items():
            path.write_text(text, encoding="utf-8")
        return 0
    stale = [path.name for path, text in files.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if stale:
        sys.stderr.write(f"stale: {', '.join(stale)}; make it anew with `python -m variants.index`\n")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
