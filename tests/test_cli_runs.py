"""`bestiary runs`: a ledger listed, merged, cleaned and exported from the command line."""

import subprocess
import sys

from harness.ledger import Attempt, Ledger

SPEC = {
    "format": 1,
    "seed": 0,
    "salt": "",
    "purpose": "reporting",
    "task": {"kind": "copy"},
    "train": {"learning_rate": 0.1},
}


def finished_run(root, seed=0, loss=1.0):
    ledger = Ledger.create(root)
    run = ledger.run_of({**SPEC, "seed": seed})
    with Attempt(run.folder, {**SPEC, "seed": seed}, "code") as attempt:
        attempt.finish({"state": "done", "steps": 5, "val": {"loss": loss}, "test": {"loss": loss}}, {})
    return run


def test_runs_are_listed_as_text_and_as_json(cli, tmp_path):
    run = finished_run(tmp_path / "runs")
    (row,) = cli("runs", "ls", "--out", tmp_path / "runs", "--json").json
    assert (row["id"], row["state"], row["loss"]) == (run.id, "done", 1.0)
    assert run.id in cli("runs", "ls", "--out", tmp_path / "runs").out


def test_runs_of_an_unknown_state_are_refused_with_the_known_ones(cli, tmp_path):
    finished_run(tmp_path / "runs")
    answer = cli("runs", "ls", "--out", tmp_path / "runs", "--state", "finished")
    assert answer.code == 2
    assert "diverged" in answer.err


def test_runs_of_an_unknown_variant_are_refused_with_the_nearest_known_one(cli, tmp_path):
    finished_run(tmp_path / "runs")
    answer = cli("runs", "ls", "--out", tmp_path / "runs", "--task", "coppy")
    assert answer.code == 2
    assert answer.err == "error: task: unknown (got 'coppy'; allowed: copy; did you mean copy?)\n"
    assert cli("runs", "ls", "--out", tmp_path / "runs", "--task", "copy").code == 0


def test_a_reader_that_stops_is_no_failure_of_a_full_command(tmp_path):
    finished_run(tmp_path / "runs")
    ls = f"{sys.executable} -m bestiary runs ls --json --out {tmp_path / 'runs'}"
    done = subprocess.run(
        ["bash", "-c", f"{ls} | (exec 0<&-; sleep 0.1); echo ${{PIPESTATUS[0]}}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "0"
    assert done.stderr == ""


def test_runs_of_a_folder_that_is_no_ledger_are_refused(cli, tmp_path):
    answer = cli("runs", "ls", "--out", tmp_path)
    assert answer.code == 2
    assert "no ledger" in answer.err
    assert "fault of the program" not in answer.err


def test_merging_counts_what_came_in(cli, tmp_path):
    finished_run(tmp_path / "here", seed=0)
    finished_run(tmp_path / "there", seed=0)
    finished_run(tmp_path / "there", seed=1)
    answer = cli("runs", "merge", tmp_path / "there", "--out", tmp_path / "here", "--json")
    assert answer.json == {"copied": 1, "present": 1, "replaced": 0, "unfinished": 0}
    assert len(cli("runs", "ls", "--out", tmp_path / "here", "--json").json) == 2


def test_a_run_is_removed_by_the_first_letters_of_its_id(cli, tmp_path):
    run = finished_run(tmp_path / "runs")
    assert cli("runs", "rm", run.id[:6], "--out", tmp_path / "runs", "--json").json == {"removed": [run.id]}
    assert cli("runs", "ls", "--out", tmp_path / "runs", "--json").json == []
    assert "no run" in cli("runs", "rm", run.id, "--out", tmp_path / "runs").err


def test_making_room_is_tried_before_it_is_done(cli, tmp_path):
    run = finished_run(tmp_path / "runs")
    Ledger.open(tmp_path / "runs").set_aside(run)
    words = ["runs", "gc", "--out", tmp_path / "runs", "--json"]
    tried = cli(*words, "--dry-run").json
    assert (tried["removed"], tried["found"][0]["path"]) == (False, f"replaced/{run.id}.1")
    assert cli(*words).json == {**tried, "removed": True}
    assert cli(*words).json["found"] == []


def test_runs_are_exported_as_a_table(cli, tmp_path):
    finished_run(tmp_path / "runs", loss=2.5)
    file = tmp_path / "tables" / "runs.csv"
    assert cli("runs", "export", file, "--out", tmp_path / "runs", "--json").json == {"runs": 1, "file": str(file)}
    header, row = file.read_text().splitlines()
    assert header.startswith("id,sweeps,variants,task")
    assert ",2.5,2.5," in row
    assert "allowed: .csv, .parquet" in cli("runs", "export", tmp_path / "runs.xls", "--out", tmp_path / "runs").err


def test_parquet_without_an_engine_says_what_to_install(cli, tmp_path, monkeypatch):
    def refuse(self, path, index):
        raise ImportError("Unable to find a usable engine")

    monkeypatch.setattr("pandas.DataFrame.to_parquet", refuse)
    finished_run(tmp_path / "runs")
    answer = cli("runs", "export", tmp_path / "runs.parquet", "--out", tmp_path / "runs")
    assert answer.code == 2
    assert "`pip install pyarrow`" in answer.err
    assert not (tmp_path / "runs.parquet").exists()


def test_a_merge_of_contradicting_runs_copies_nothing(cli, tmp_path):
    finished_run(tmp_path / "here", loss=1.0)
    finished_run(tmp_path / "there", loss=2.0)
    finished_run(tmp_path / "there", seed=1)
    answer = cli("runs", "merge", tmp_path / "there", "--out", tmp_path / "here")
    assert answer.code == 2
    assert "nothing was copied" in answer.err
    assert len(cli("runs", "ls", "--out", tmp_path / "here", "--json").json) == 1
