"""The page of tasks names every kind with the stacks that it has a loss for."""

import re

from harness.sweepfile import load
from harness.tasks.registry import TASK, fill_task
from repository import ROOT
from task_samples import OURS, SPECS

PAGE = (ROOT / "docs" / "tasks.md").read_text(encoding="utf-8")


def test_every_kind_stands_on_the_page_with_its_stacks():
    rows = dict(re.findall(r"^\| `(\w+)` \|.*\| ([\w, ]+) \|$", PAGE, re.MULTILINE))
    assert rows.keys() == set(OURS)
    for kind, told in rows.items():
        stacks = set(SPECS) if told == "all" else set(told.split(", "))
        assert stacks == TASK.kinds[kind].stacks, kind


def test_the_sweep_on_the_page_is_one(tmp_path):
    (block,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    path = tmp_path / "page.yaml"
    path.write_text(block, encoding="utf-8")
    (table,) = load(path).tables
    scratch, pretrained = table.variants
    assert scratch.init_from is None
    assert fill_task(pretrained.init_from["task"])["data"] == "wordnet"
    assert fill_task(table.task)["kind"] == "classification"
