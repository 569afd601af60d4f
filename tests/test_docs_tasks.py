"""The page of tasks names every kind with the stacks that it has a loss for."""

import re

from harness.tasks.registry import TASK
from repository import ROOT
from task_samples import OURS, SPECS

PAGE = (ROOT / "docs" / "tasks.md").read_text(encoding="utf-8")


def test_every_kind_stands_on_the_page_with_its_stacks():
    rows = dict(re.findall(r"^\| `(\w+)` \|.*\| ([\w, ]+) \|$", PAGE, re.MULTILINE))
    assert rows.keys() == set(OURS)
    for kind, told in rows.items():
        stacks = set(SPECS) if told == "all" else set(told.split(", "))
        assert stacks == TASK.kinds[kind].stacks, kind
