"""What runs on a GPU keeps its tensors there: shown on a made-up device, where there is no GPU."""

import subprocess
import sys

import pytest

from repository import ROOT


@pytest.fixture(scope="module")
def lines():
    command = [sys.executable, str(ROOT / "tests" / "far_device.py")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.splitlines()


def test_no_operator_meets_tensors_of_two_devices(lines):
    assert [line for line in lines if not line.endswith(": ok")] == [
        "a planted mixture: RuntimeError: aten::add met tensors of two devices"
    ]


def test_entries_training_and_benchmarks_were_tried(lines):
    tried = {line.split(":")[0] for line in lines}
    assert {"gpt-2", "t5", "a training run", "training bert", "decode t5 float32 batch 2"} <= tried
