"""README and CONTRIBUTING keep to what the repository holds and the command line says."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from repository import ROOT, tracked_files

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_continuous_integration_runs_the_test_command_of_the_readme():
    assert "make test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert "make test" in README


def test_the_map_names_every_file_and_what_it_holds():
    if not (ROOT / ".git").exists():
        pytest.skip("needs git: the map is compared with the tracked files")
    done = subprocess.run([sys.executable, "tools/readme_map.py", "--check"], cwd=ROOT, check=False)
    assert done.returncode == 0, "README's map is stale: `make index` renews it"


def test_the_map_covers_every_tracked_file():
    lines = re.search(r"## Where things are\n.*?```\n(.*?)```", README, re.DOTALL)[1].splitlines()
    above, paths = "", set()
    for line in filter(str.strip, lines):
        name = line.split()[0]
        above = above if line.startswith(" ") else name
        paths.add(above + name if line.startswith(" ") else name)
    told_by_file = {path for path in paths if any(other.startswith(path) and other != path for other in paths)}
    covering = tuple(path for path in paths - told_by_file if path.endswith("/"))
    unnamed = {"__init__.py", "py.typed", "README.md"}
    left = [path for path in tracked_files() if path not in paths and not path.startswith(covering)]
    assert not [path for path in left if Path(path).name not in unnamed]


def test_every_command_in_the_readme_is_one_and_every_command_is_in_the_readme(cli):
    from typer.main import get_command

    from bestiary.cli import app

    known = set(get_command(app).commands)
    table = re.search(r"## What you can ask\n(.*?)\n## ", README, re.DOTALL)[1]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    named = {word for row in rows for word in re.findall(r"`(?:bestiary )?(\w+)", row)}
    assert named == known


def test_the_exit_codes_in_the_readme_are_those_of_the_program():
    from bestiary import failures

    told = {int(code) for code in re.findall(r"^\| (\d+) \|", README, re.MULTILINE)}
    assert told == {failures.OK, failures.FAILED, failures.BAD_INPUT, failures.BUSY, failures.IO, failures.INTERRUPTED}


def test_every_make_target_in_the_readme_is_in_the_makefile():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    assert set(re.findall(r"`?make ([a-z]+)", README)) <= targets
