"""Writes README's map of the repository from the first line of each file; `--check` fails when it is stale."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SECTION = re.compile(r"(## Where things are\n.*?```\n)(.*?)(```)", re.DOTALL)
OPEN = ("catalog", "variants", "harness", "reports", "bestiary", "benchmarks", "tools")  # told file by file
UNNAMED = ("__init__.py", "py.typed", "README.md")
SAID = {  # what cannot say it itself
    "README.md": "this page",
    "CONTRIBUTING.md": "how the code reads, and where a new thing goes",
    "LOG.md": "what was tried and why, newest first",
    "LICENSE": "Apache-2.0",
    "Makefile": "demo, test, check, bench, index, format",
    "pyproject.toml": "the package, its extras, and the settings of ruff, mypy and pytest",
    "constraints.txt": "the exact versions that were tested together",
    ".ci/": "run: what a clean clone must pass",
    ".pre-commit-config.yaml": "the linters as local hooks",
    ".gitignore": "what is not tracked",
    "catalog/": "the entries and their schema; no torch",
    "catalog/baseline/": "what came before the Transformer and what it is compared with: recurrent models",
    "catalog/other/": "what is no model of token sequences, listed with facts alone",
    "catalog/decoder/": "decoder-only entries, one file each",
    "catalog/encoder/": "encoder-only entries, one file each",
    "catalog/encoder_decoder/": "entries with both stacks, one file each",
    "catalog/variant/": "one change to a small baseline each: what does X change?",
    "variants/PARITY.md": "generated: the logits of every entry beside those of its reference",
    "catalog/config_fields.yaml": "fields of library configs that no table reads and no logit hangs on",
    "catalog/licences.yaml": "every licence that an entry may name",
    "catalog/built.json": "generated: parameters, FLOPs and certificate of every entry",
    "catalog/MATRIX.md": "generated: which kinds combine, and why others do not",
    "catalog/matrix.json": "generated: the same, for `bestiary matrix`",
    "catalog/parts.json": "generated: kinds, options, types and defaults of every part",
    "variants/": "the builder and the parts it builds from; torch",
    "harness/": "tasks, training, sweeps, comparison, the ledger",
    "harness/sweeps/": "the shipped sweep files",
    "reports/": "figures, tables and pages; no torch",
    "reports/templates/": "the pages' HTML, CSS and scripts",
    "reports/vendor/": "JavaScript libraries of the site, with versions, digests and licences",
    "bestiary/": "the command line",
    "bestiary/comparisons.yaml": "what `compare` trains on each task",
    "benchmarks/": "speed, next to other libraries",
    "benchmarks/results/": "what was measured, with the device's name",
    "tools/record_reasons.yaml": "why an entry differs from the records it was made from",
    "tools/": "what runs before the package is installed, or about the repository",
    "docs/": "how-tos, and the tasks there are",
    "tests/": "one file per subject; conftest.py seeds them and names what was not run",
}


def main(arguments: list[str]) -> int:
    """Write the map, or with --check say whether it is fresh."""
    page = ROOT / "README.md"
    old = page.read_text(encoding="utf-8")
    new = SECTION.sub(lambda found: f"{found[1]}{map_text()}{found[3]}", old)
    if "--check" in arguments:
        return int(old != new)
    page.write_text(new, encoding="utf-8")
    return 0


def map_text() -> str:
    """One line for each file and folder: at the root, then inside the folders that are told file by file."""
    paths = tracked()
    lines = [line(name, name, 0) for name in children(paths, "") if name.rstrip("/") not in OPEN]
    for folder in OPEN:
        lines += ["", line(f"{folder}/", f"{folder}/", 0)]
        lines += [line(f"{folder}/{name}", name, 2) for name in children(paths, f"{folder}/")]
    return "\n".join(lines) + "\n"


def tracked() -> list[str]:
    listing = subprocess.run(["git", "ls-files"], capture_output=True, text=True, cwd=ROOT, check=True)
    return [path for path in listing.stdout.splitlines() if (ROOT / path).exists()]


def children(paths: list[str], above: str) -> list[str]:
    """The files and folders directly under `above`, folders with a slash at their end."""
    names: dict[str, None] = {}
    for path in paths:
        if path.startswith(above):
            first, slash, _ = path[len(above) :].partition("/")
            names[first + slash] = None
    return sorted(name for name in names if not above or name not in UNNAMED)


def line(path: str, name: str, indent: int) -> str:
    return f"{' ' * indent}{name}".ljust(24) + "  " + said(path)


def said(path: str) -> str:
    """What a path holds, in its own words: its docstring, that of its package, or the table above.

    Raises:
        SystemExit: nothing says it.
    """
    if path in SAID:
        return SAID[path]
    source = ROOT / (f"{path}__init__.py" if path.endswith("/") else path)
    words = next(first_sentences(source), None)
    if words is None:
        sys.exit(f"tools/readme_map.py: nothing says what {path} holds; give it a docstring or a line in SAID")
    return words.removesuffix(".")


def first_sentences(source: Path) -> Iterator[str]:
    if source.suffix == ".py" and source.exists():
        docstring = ast.get_docstring(ast.parse(source.read_text(encoding="utf-8")))
        yield from (docstring or "").splitlines()[:1]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
