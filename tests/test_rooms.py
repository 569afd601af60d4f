"""The shape of the project: who imports whom, what stays without torch, and how long a file may be."""

import ast
import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

from repository import ROOMS, ROOT

LONGEST_FILE = 400


def sources(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def imported_modules(path: Path) -> set[str]:
    """Every module that a file imports, at any depth of nesting."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def loaded_by(*statements: str) -> set[str]:
    """The top-level modules that a fresh interpreter holds after the statements."""
    code = "; ".join(["import sys", *statements, "print('\\nloaded', *{name.split('.')[0] for name in sys.modules})"])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.rsplit("\nloaded", 1)[1].split())


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_the_rooms_before_it(room):
    later = set(ROOMS[ROOMS.index(room) + 1 :])
    wrong = {
        f"{path.relative_to(ROOT)} imports {module}"
        for path in sources(room)
        for module in imported_modules(path)
        if module.split(".")[0] in later
    }
    assert not wrong


@pytest.mark.parametrize("room", ROOMS)
def test_no_room_imports_tests_benchmarks_or_tools(room):
    outside = {"tests", "benchmarks", "tools", "conftest"}
    assert not {m for path in sources(room) for m in imported_modules(path) if m.split(".")[0] in outside}


@pytest.mark.parametrize("room", ROOMS)
def test_the_room_that_python_finds_is_ours(room):
    # The names are generic: another distribution with a package of this name would win or lose by path order.
    assert Path(importlib.import_module(room).__file__).parent == ROOT / room


@pytest.mark.parametrize("room", ["catalog", "reports", "bestiary"])
def test_a_room_without_torch_names_it_nowhere(room):
    heavy = {"torch", "transformers"}
    wrong = {
        f"{path.relative_to(ROOT)} imports {module}"
        for path in sources(room)
        for module in imported_modules(path)
        if module.split(".")[0] in heavy
    }
    assert not wrong


@pytest.mark.parametrize("room", ["catalog", "harness", "reports", "bestiary"])
def test_importing_a_torch_free_room_loads_no_torch(room):
    assert "torch" not in loaded_by(f"import {room}")


@pytest.mark.parametrize(
    "words", [["list"], ["show", "pre-ln"], ["diff", "pre-ln", "post-ln"], ["runs", "ls", "--help"]]
)
def test_a_command_that_only_reads_loads_no_torch(words):
    loaded = loaded_by("from bestiary.__main__ import main", f"assert main({words!r}) == 0")
    assert not loaded & {"torch", "transformers", "pandas", "matplotlib"}


@pytest.mark.parametrize("words", [["list"], ["show", "pre-ln"], ["diff", "pre-ln", "post-ln"]])
def test_the_quick_commands_load_no_library_that_costs_time(words):
    statements = ("from bestiary.__main__ import main", f"assert main({words!r}) == 0")
    loaded_by(*statements)  # the first call may have to read the entries, and keeps what it read
    assert not loaded_by(*statements) & {"typer", "rich", "numpy", "scipy"}


def test_no_file_is_longer_than_the_limit():
    lengths = {str(p.relative_to(ROOT)): p.read_text(encoding="utf-8").count("\n") for p in every_source()}
    assert not {name: length for name, length in lengths.items() if length > LONGEST_FILE}


def test_every_file_says_in_its_first_line_what_it_holds():
    silent = [
        str(path.relative_to(ROOT))
        for path in every_source()
        if path.read_text(encoding="utf-8").strip()
        and not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert not silent


def test_nothing_is_left_to_do_in_a_comment():
    mark = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|X" + r"XX|HA" + r"CK)\b")
    assert not [
        f"{path.relative_to(ROOT)}:{number}"
        for path in every_source()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if mark.search(line)
    ]


def every_source() -> list[Path]:
    return sources(*ROOMS, "tests", "benchmarks", "tools")
