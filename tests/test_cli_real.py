"""The main path for real and small: two entries are trained, compared and reported, then used."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = ["compare", "pre-ln", "post-ln", "--task", "language_modelling", "--preset", "smoke", "--workers", "2"]
NAME = "compare-language_modelling-pre-ln-post-ln-smoke"
pytestmark = pytest.mark.slow


def bestiary(*words):
    command = [sys.executable, "-m", "bestiary", *map(str, words)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """(the ledger, what the command said)."""
    out = tmp_path_factory.mktemp("real") / "runs"
    process = bestiary(*COMMAND, "--out", out)
    said, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    return out, said


def test_the_last_line_is_the_page_and_the_page_is_there(real):
    out, said = real
    page = Path(said.splitlines()[-1])
    assert page == out / "sweeps" / NAME / "report" / "index.html"
    assert "post-ln" in page.read_text(encoding="utf-8")


def test_the_verdict_is_on_the_screen_before_the_page(real):
    _, said = real
    assert "post-ln against pre-ln" in said
    assert "A/A row" in said


def test_a_reporting_run_writes_on_from_a_prompt(real, cli):
    out, _ = real
    rows = cli("runs", "ls", "--out", out, "--json").json
    run = next(row["id"] for row in rows if row["purpose"] == "reporting")
    first = cli("generate", run[:10], "--prompt", "ROMEO:", "--tokens", 20, "--out", out, "--json").json
    assert first["written"]
    assert (
        cli("generate", run, "--prompt", "ROMEO:", "--tokens", 20, "--out", out, "--json").json["written"]
        == first["written"]
    )
    assert "takes --prompt" in cli("generate", run, "--source", "ROMEO", "--out", out).err
    assert "allowed: at most 63" in cli("generate", run, "--prompt", "x" * 64, "--out", out).err


def test_a_tuning_run_says_that_it_kept_no_weights(real, cli):
    out, _ = real
    rows = cli("runs", "ls", "--out", out, "--json").json
    run = next(row["id"] for row in rows if row["purpose"] == "tuning")
    answer = cli("generate", run, "--prompt", "a", "--out", out)
    assert answer.code == 2
    assert "reporting run" in answer.err


def test_a_report_is_written_again_without_torch(real, tmp_path):
    out, _ = real
    words = ["report", NAME, "--out", str(out), "--into", str(tmp_path)]
    code = f"import sys; from bestiary.__main__ import main; sys.exit(main({words!r}) or 'torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    written = out / "sweeps" / NAME / "report"
    assert (tmp_path / "tiers.csv").read_bytes() == (written / "tiers.csv").read_bytes()


def test_ctrl_c_loses_nothing_and_the_same_command_ends_with_the_same_bytes(real, tmp_path):
    out, _ = real
    process = bestiary(*COMMAND, "--out", tmp_path / "runs")
    for line in process.stderr:
        if line.startswith("[1/"):
            break
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "run the same command again" in errors
    assert "Traceback" not in errors
    again = bestiary(*COMMAND, "--out", tmp_path / "runs", "--json")
    said, errors = again.communicate(timeout=300)
    assert again.returncode == 0, errors
    assert json.loads(said)["counts"]["reused"] >= 1, errors
    for name in ("plan.json", "comparison.json", "tiers.csv", "runs.json"):
        one, other = (root / "sweeps" / NAME / name for root in (out, tmp_path / "runs"))
        assert one.read_bytes() == other.read_bytes(), name
