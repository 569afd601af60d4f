"""The how-tos run: files are written, Python and commands are carried out in the order of the page.

A block whose first line is `# file: NAME` is written to that file. "It says `...`" quotes the commands before.
"""

import re
import shlex

import pytest

from catalog.own_files import PARTS, TASKS
from repository import ROOT

TABLES = {"tasks.md", "axes.md"}  # pages without a command, each with a test of its own
HOWTOS = sorted({path.name for path in (ROOT / "docs").glob("*.md")} - TABLES)
STEP = re.compile(r"^```(?P<kind>\w+)\n(?P<body>.*?)^```$|\bIt says `(?P<said>[^`]+)`", re.DOTALL | re.MULTILINE)
FILE = re.compile(r"# file: (\S+)\n")


class Page:
    """A page as it is carried out: one folder, one namespace of Python, the answers of the last commands."""

    def __init__(self, folder, cli):
        self.folder, self.cli, self.names, self.answers = folder, cli, {}, []

    def run(self, text: str) -> None:
        for step in STEP.finditer(text):
            if step["said"]:
                assert any(step["said"] in answer.out + answer.err for answer in self.answers), step["said"]
            elif named := FILE.match(step["body"]):
                path = self.folder / named[1]
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(step["body"][named.end() :], encoding="utf-8")
            else:
                getattr(self, step["kind"])(step["body"])

    def python(self, body: str) -> None:
        exec(compile(body, "how-to", "exec"), self.names)

    def sh(self, body: str) -> None:
        self.answers = [self.command(line) for line in body.splitlines()]

    def command(self, line: str):
        first, *words = shlex.split(line)
        assert first == "bestiary", line
        answer = self.cli(*words)
        assert answer.code == 0, f"{line}\n{answer.out}{answer.err}"
        return answer

    def text(self, body: str) -> None:
        """Shown, not run."""


@pytest.mark.slow
@pytest.mark.parametrize("name", HOWTOS)
def test_a_how_to_does_what_it_says(name, tmp_path, monkeypatch, cli):
    monkeypatch.chdir(tmp_path)
    for variable in (PARTS, TASKS):  # a page may set them; they are put back
        monkeypatch.setenv(variable, "")
    page = Page(tmp_path, cli)
    page.run((ROOT / "docs" / name).read_text(encoding="utf-8"))
    assert page.answers, "no command of this page was carried out"
