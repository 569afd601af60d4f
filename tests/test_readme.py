"""README and CONTRIBUTING keep to what the repository holds and the command line says."""

import re
from pathlib import Path

from repository import ROOT, tracked_files

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_continuous_integration_runs_the_test_command_of_the_readme():
    assert "make test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert "make test" in README


def readme_map() -> set[str]:
    """The paths in README's tree: a folder's name ends in a slash and covers what lies in it."""
    block = re.search(r"## Where things are\n.*?```\n(.*?)```", README, re.DOTALL)
    assert block, "README.md has no tree under 'Where things are'"
    paths, above = set(), ""
    for line in block[1].splitlines():
        if not line.strip():
            continue
        name = line.split()[0]
        if not line.startswith(" "):
            above = name if name.endswith("/") else ""
            paths.add(name)
        else:
            paths.add(above + name)
    return paths


def test_every_path_in_the_readme_map_exists():
    assert not [path for path in readme_map() if not (ROOT / path).exists()]


def test_every_tracked_file_is_on_the_readme_map():
    paths = readme_map()
    detailed = {path for path in paths if any(other.startswith(path) and other != path for other in paths)}
    covering = tuple(path for path in paths - detailed if path.endswith("/"))
    unnamed = {"__init__.py", "py.typed"}  # what they are is the same in every package
    missing = [
        name
        for name in tracked_files()
        if name not in paths and not name.startswith(covering) and Path(name).name not in unnamed
    ]
    assert not missing
