"""The main path for real and small: two entries are trained, compared and reported, then used."""

import json
import os
import shutil
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


def reporting_run(cli, out, variant):
    rows = cli("runs", "ls", "--out", out, "--variant", variant, "--json").json
    return next(row["id"] for row in rows if row["purpose"] == "reporting")


def test_a_run_writes_as_it_is_asked_to(real, cli):
    out, _ = real
    run = reporting_run(cli, out, "pre-ln")
    asked = ["generate", run, "--prompt", "ROMEO:", "--tokens", 20, "--out", out, "--json"]
    drawn = [cli(*asked, "--temperature", 1, "--top-p", 0.9, "--seed", seed).json["written"] for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]
    greedy = cli(*asked).json["written"]
    stop = greedy[5]
    stopped = cli(*asked, "--stop", stop, "--stop", "~").json
    assert stopped["written"] == greedy[: greedy.index(stop)]
    assert len(stopped["tokens"]) == greedy.index(stop)
    assert cli(*asked, "--beam", 3).json["written"]
    assert "must be one byte" in cli(*asked, "--stop", "END").err


def test_a_run_is_exported_for_the_library_with_equal_logits(real, cli, tmp_path):
    import torch
    import transformers

    from harness.ledger import Ledger
    from harness.saved import load_run

    out, _ = real
    run = reporting_run(cli, out, "pre-ln")
    answer = cli("export", run, tmp_path / "model", "--out", out, "--json")
    assert answer.code == 0, answer.err
    assert set(answer.json["files"]) >= {"config.json", "model.safetensors"}
    theirs = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "model").eval()
    ours = load_run(Ledger.open(out).find(run), "cpu").model
    x = torch.arange(40)[None]
    with torch.no_grad():
        assert (theirs(x).logits - ours(x)).abs().max() < 1e-4
    assert "holds a model already" in cli("export", run, tmp_path / "model", "--out", out).err


def test_a_run_that_no_class_of_the_library_computes_is_not_exported(real, cli, tmp_path):
    out, _ = real
    answer = cli("export", reporting_run(cli, out, "post-ln"), tmp_path / "model", "--out", out)
    assert answer.code == 2
    assert "no class of the library computes what this model computes" in answer.err
    assert "--entry ID tells that of one" in answer.err
    assert not (tmp_path / "model").exists()


def test_damaged_weights_are_told_as_such(real, cli, tmp_path):
    out, _ = real
    run = reporting_run(cli, out, "pre-ln")
    copy = Path(shutil.copytree(out, tmp_path / "copy")) / "store" / run
    os.truncate(copy / "model.safetensors", 100)
    answer = cli("export", run, tmp_path / "model", "--out", tmp_path / "copy")
    assert answer.code == 2
    assert "model.safetensors is damaged" in answer.err
    assert f"`bestiary runs rm {run}` and the sweep's command make it anew" in answer.err


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
