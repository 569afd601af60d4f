"""A user's file that changes what is not its own is refused, and what it changed is put back."""

import pytest
import torch

from catalog.own_files import run_file
from harness.tasks import own_tasks
from harness.tasks.metrics import METRIC
from harness.tasks.registry import TASK, task_kinds
from harness.train import objective
from test_user_part import mixer
from variants import own_parts
from variants.registry import SORTS, discover

CHANGES = {
    "import torch\ntorch.set_default_dtype(torch.float64)": "torch.set_default_dtype",
    "import torch\ntorch.set_grad_enabled(False)": "torch.set_grad_enabled",
    "import harness.train.objective as o\no.nats = lambda *a: 0": "harness.train.objective.nats",
    "import harness.train.objective as o\ndel o.nats": "harness.train.objective.nats",
}


def written(tmp_path, text):
    path = tmp_path / "mine.py"
    path.write_text(text)
    return path


@pytest.mark.parametrize("text", CHANGES)
def test_a_change_is_refused_by_name_and_undone(tmp_path, text):
    nats = objective.nats
    with pytest.raises(ValueError, match=rf"mine.py: changes what is not its own \({CHANGES[text]}\)"):
        run_file(written(tmp_path, text))
    assert objective.nats is nats
    assert torch.get_default_dtype() is torch.float32
    assert torch.is_grad_enabled()


def test_a_change_is_undone_when_the_file_fails_behind_it(tmp_path):
    nats = objective.nats
    with pytest.raises(ValueError, match=r"mine.py:3: KeyError: 1"):
        run_file(written(tmp_path, "import harness.train.objective as o\no.nats = None\nraise KeyError(1)\n"))
    assert objective.nats is nats


def test_a_file_takes_no_kind_away_and_no_place_of_one(tmp_path):
    discover()
    text = mixer() + "\nfrom variants.registry import SORTS\nSORTS['norm'].kinds.pop('layer_norm')\n"
    with pytest.raises(ValueError, match=r"mine.py: takes kinds away \(norm layer_norm\)"):
        own_parts.register(written(tmp_path, text))
    assert "layer_norm" in SORTS["norm"].kinds


@pytest.mark.parametrize(
    "text",
    [
        # a class of the same name passes for a module that is read twice
        "from harness.tasks.registry import TASK\nfrom harness.tasks.synthetic.copy import Copy as C\n"
        "@TASK.register('copy')\nclass Copy(C):\n    pass\n@TASK.register('other')\nclass Other(C):\n    pass\n",
        "from harness.tasks.registry import TASK\nTASK.kinds.pop('copy')\n",
    ],
)
def test_a_task_of_ours_is_neither_replaced_nor_taken_away(tmp_path, text):
    task_kinds()
    before = dict(TASK.kinds), dict(TASK.tiny), dict(METRIC.kinds)
    with pytest.raises(ValueError, match="the task kind 'copy' is taken; register it under another name"):
        own_tasks._register(written(tmp_path, text))
    assert (TASK.kinds, TASK.tiny, METRIC.kinds) == before
