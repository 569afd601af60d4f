"""Parts, tasks and metrics in files of a user: checked before they are compared, and part of a run's code."""

import json
import os
import re
import sys

import pytest

from bestiary.launching import again
from catalog import own_files, own_parts
from catalog.errors import CatalogError
from catalog.listing import index
from catalog.records import load_records
from harness.gate import pass_part
from harness.ledger.code import code_hash
from harness.tasks.checks import faults_of_task
from harness.tasks.metrics import METRIC, with_metrics
from harness.tasks.registry import build_task, task_kinds
from task_samples import invented, tiny
from test_user_part import mixer
from variants.registry import SORTS, discover

TASK_FILE = '''
import numpy as np

from catalog.types import Count
from harness.tasks.metrics import METRIC
from harness.tasks.registry import TASK
from harness.tasks.synthetic.parity import Parity


@TASK.register("{kind}", shortest=2, longest=6, evaluation_items=20)
class Mine(Parity):
    """Parity under another name."""

{body}


@METRIC.register("{metric}")
def largest(scored):
    return max(item.nats.max() for item in scored)
'''
FAULTS = {
    "np.random.random(2)": "purity: it draws from numpy's global generator",
    "seed = step = 0": "purity: every seed and step gives the same batch",
    "size = 3": "shapes: a batch of 1 rows has inputs of another number",
    "raise KeyError('x')": "purity: raises KeyError: 'x'",
}


def task_file(tmp_path, kind="mine", body="    pass", metric="largest"):
    path = tmp_path / "my_task.py"
    path.write_text(TASK_FILE.format(kind=kind, body=body, metric=metric))
    return path


def faulty(line):
    return f"    def batch(self, seed, step, size):\n        {line}\n        return super().batch(seed, step, size)"


@pytest.fixture(autouse=True)
def clean(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for variable in (own_files.PARTS, own_files.TASKS):
        monkeypatch.delenv(variable, raising=False)
    yield
    monkeypatch.undo()
    discover()
    task_kinds()


def use(monkeypatch, variable, *paths):
    monkeypatch.setenv(variable, os.pathsep.join(map(str, paths)))


def test_two_files_of_one_name_are_modules_apart(monkeypatch, tmp_path):
    paths = [tmp_path / name / "mine.py" for name in ("one", "two")]
    for path in paths:
        path.parent.mkdir()
        path.write_text(mixer().replace("running_mean", f"mean_{path.parent.name}"))
    use(monkeypatch, own_files.PARTS, *paths)
    discover()
    kinds = [SORTS["recurrence"].kinds[f"mean_{path.parent.name}"].cls for path in paths]
    assert [sys.modules[kind.__module__].__file__ for kind in kinds] == list(map(str, paths))


@pytest.mark.parametrize("kind", ["addition", "parity", "mqar", "masked_language_modelling"])
def test_every_task_of_ours_passes_the_checks_of_a_task(kind):
    assert not any(faults_of_task(kind).values())


@pytest.mark.parametrize("line", FAULTS)
def test_a_planted_fault_is_found_and_the_task_is_not_compared(cli, tmp_path, line):
    path = task_file(tmp_path, body=faulty(line))
    assert FAULTS[line] in cli("check", "--task-file", path).out
    answer = cli("compare", "pre-ln", "bert", "--task", "mine", "--task-file", path, "--dry-run")
    assert answer.code == 2
    assert "does not pass its checks, and is not compared" in answer.err
    assert "mine" not in task_kinds()


@pytest.mark.parametrize("has_task", [True, False])
def test_a_metric_that_makes_no_number_is_found_before_anything_trains(cli, tmp_path, has_task):
    text = TASK_FILE.format(kind="mine", body="    pass", metric="largest").replace("item.nats.max()", "item.nothing")
    path = tmp_path / "my_task.py"
    path.write_text(text if has_task else text[: text.index("@TASK")] + text[text.index("@METRIC") :])
    answer = cli("check", "--task-file", path)
    assert answer.code == 1
    assert f"FAILED  task {'mine' if has_task else 'parity'}" in answer.out
    assert "metrics: raises AttributeError: 'Scored' object has no attribute 'nothing'" in answer.out


@pytest.mark.parametrize("text", ["x = (\n", "x = '\0'\n"])
def test_a_part_that_is_no_python_is_one_clear_line(cli, tmp_path, text):
    (tmp_path / "mine.py").write_text(text)
    answer = cli("compare", "pre-ln", "bert", "--task", "parity", "--part", tmp_path / "mine.py", "--dry-run")
    assert answer.code == 2
    assert "is no Python" in answer.err
    assert "fault of the program" not in answer.err


def test_a_metric_that_is_not_finite_is_a_fault(cli, tmp_path):
    text = TASK_FILE.format(kind="mine", body="    pass", metric="largest").replace("item.nats.max()", "float('nan')")
    (tmp_path / "my_task.py").write_text(text)
    assert (
        "metrics: largest makes no finite number (got nan)" in cli("check", "--task-file", tmp_path / "my_task.py").out
    )


def test_tasks_and_metrics_of_a_file_are_there_as_long_as_it_is_in_use(tmp_path, monkeypatch):
    use(monkeypatch, own_files.TASKS, task_file(tmp_path))
    assert build_task("mine").n_classes == 2
    batch = next(tiny("parity").evaluation("val", 20))
    told = with_metrics({"shown": {"accuracy": 1.0}}, [invented(batch)])
    assert told["shown"] == {"accuracy": 1.0, "largest": pytest.approx(0.5 + 1 / 7)}
    monkeypatch.delenv(own_files.TASKS)
    assert "mine" not in task_kinds()
    assert not METRIC.kinds


def test_a_metric_does_not_take_the_name_of_one_of_the_tasks_own(tmp_path, monkeypatch):
    use(monkeypatch, own_files.TASKS, task_file(tmp_path, metric="accuracy"))
    task_kinds()
    with pytest.raises(ValueError, match="metric 'accuracy': the task shows one of this name itself"):
        with_metrics({"shown": {"accuracy": 1.0}}, [invented(next(tiny("parity").evaluation("val", 20)))])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("x = 1\n", "my_task.py registers no task and no metric"),
        ("x = (\n", "is no Python"),
        ("raise SystemExit(3)\n", "my_task.py:1: SystemExit: 3"),
        (
            TASK_FILE.format(kind="copy", body="    pass", metric="m"),
            "the task kind 'copy' is taken; register Mine under another name",
        ),
    ],
)
def test_a_file_that_registers_nothing_new_is_one_clear_line(cli, tmp_path, text, told):
    (tmp_path / "my_task.py").write_text(text)
    answer = cli("check", "--task-file", tmp_path / "my_task.py")
    assert (answer.code, answer.out) == (2, "")
    assert told in answer.err


def test_a_part_is_unknown_until_it_passed_and_known_without_torch_afterwards(tmp_path, monkeypatch):
    path = tmp_path / "mine.py"
    path.write_text(mixer())
    use(monkeypatch, own_files.PARTS, path)
    with pytest.raises(CatalogError, match=re.escape(f"`bestiary check --part {path}` first")):
        load_records()
    pass_part(path)
    own_parts._KEPT.clear()  # as in another process
    assert load_records()["recurrence"]["running_mean"].options["d_inner"].type == "Count"
    path.write_text(mixer() + "\n# changed\n")
    with pytest.raises(CatalogError, match="has not passed its certificate as it stands"):
        load_records()


def test_a_list_of_entries_follows_the_parts_in_use(tmp_path, monkeypatch):
    (tmp_path / "mine").mkdir()
    entry = "name: Own\nextends: pre-ln\ndate: 2026-01\nchange: none\nmodel: {n_heads: null, decoder: {sublayers: "
    entry += "[attention: null, recurrence: {kind: running_mean, d_inner: 8}, ffn: {kind: mlp}]}}\n"
    (tmp_path / "mine" / "own.yaml").write_text(
        entry + "paper: {title: T, authors: [A], year: 2026, url: 'https://x.org'}\n"
    )

    def faults():
        return next(row for row in index(tmp_path / "mine") if row["id"] == "own").get("faults")

    assert "unknown recurrence kind" in faults()[0]
    path = tmp_path / "mine.py"
    path.write_text(mixer() + "\n# listed\n")
    use(monkeypatch, own_files.PARTS, path)
    assert "has not passed its certificate" in faults()[0]
    pass_part(path)
    assert faults() is None


def test_a_part_that_fails_its_certificate_is_not_compared(cli, tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(mixer("self.up(total + u.sum(1, keepdim=True))"))
    answer = cli("compare", "pre-ln", "post-ln", "--task", "copy", "--part", path, "--dry-run")
    assert answer.code == 2
    assert "does not pass its checks, and is not compared:" in answer.err
    assert "recurrence running_mean, decoder: visibility: " in answer.err
    discover()
    assert "running_mean" not in SORTS["recurrence"].kinds


def test_the_code_of_a_run_holds_the_files_that_its_kinds_come_from(tmp_path, monkeypatch):
    plain, own = {"model": {}, "task": {"kind": "parity"}}, {"model": {}, "task": {"kind": "mine"}}
    before = code_hash(plain)
    path = tmp_path / "part.py"
    path.write_text(mixer())
    use(monkeypatch, own_files.PARTS, path)
    assert code_hash(plain) == before
    mixed = {"model": {"kind": "running_mean"}, "task": {"kind": "parity"}}
    one = code_hash(mixed)
    path.write_text(mixer("self.up(total * 2)"))
    assert code_hash(mixed) != one != before
    use(monkeypatch, own_files.TASKS, task_file(tmp_path))
    # a metric is shown of every run
    assert code_hash(plain) != before
    assert code_hash(own) != code_hash(plain)


def test_a_comparison_is_resumed_with_the_files_it_was_started_with(cli, tmp_path, monkeypatch):
    path, kept = task_file(tmp_path), []
    monkeypatch.setattr("bestiary.comparing.launch", lambda found, words, orders: kept.extend(again(orders)) or 0)
    assert cli("compare", "pre-ln", "bert", "--task", "mine", "--task-file", path).code == 0
    assert kept == [f"--task-file={path}"]
    assert own_files.TASKS not in os.environ


def test_the_answer_in_json_holds_every_fault(cli, tmp_path):
    answer = cli("check", "--task-file", task_file(tmp_path, body=faulty("np.random.random(2)")), "--json")
    (row,) = json.loads(answer.out)
    assert (row["kind"], row["ok"]) == ("mine", False)
    assert any("global generator" in fault for fault in row["faults"]["purity"])
