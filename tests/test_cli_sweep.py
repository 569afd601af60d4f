"""`sweep`, `resume`, `status` and `compare` as their user meets them, over runs that take milliseconds."""

import io
import json

import pytest
from rich.console import Console
from rich.progress import Progress, TextColumn

from bestiary import launching
from bestiary.comparison_file import Question, coarsest, spread, sweep_of, with_own
from bestiary.eta import Eta, clock_text
from bestiary.options import Terms
from bestiary.scale import scaled_settings
from bestiary.screen import Bars
from catalog.errors import CatalogError
from harness.ledger import Ledger
from harness.plan import build_plan
from harness.progress import Counts
from harness.records import PlannedRun
from sweep_stand_ins import document, launch


@pytest.fixture
def quick(monkeypatch, tmp_path):
    """The command line over stand-ins for training, and a report that is only its path; returns a sweep file."""
    monkeypatch.setattr(launching, "launch_of", lambda orders: launch(orders.out, workers=orders.workers or 2))
    monkeypatch.setattr(launching, "write_report", lambda folder, root: folder / "report" / "index.html")
    file = tmp_path / "own.yaml"
    file.write_text(json.dumps(document()))
    return file


def test_a_sweep_tells_its_verdicts_and_ends_with_the_page(cli, quick, tmp_path):
    answer = cli("sweep", quick, "--out", tmp_path / "runs")
    assert answer.code == 0
    lines = answer.out.splitlines()
    assert lines[0] == "first:"
    assert any("fancy against plain" in line for line in lines)
    assert lines[-1] == str(tmp_path / "runs" / "sweeps" / "made-up" / "report" / "index.html")
    assert "device cpu" in answer.err
    assert "2 workers" in answer.err
    assert "[31/31]" in answer.err


def test_the_answer_in_json_is_alone_on_stdout(cli, quick, tmp_path):
    answer = cli("sweep", quick, "--out", tmp_path / "runs", "--json")
    assert sorted(answer.json) == ["comparison", "counts", "folder", "page", "problems", "sweep"]
    assert answer.json["counts"] == {"total": 31, "reused": 0, "computed": 31, "failed": 0}
    assert "fancy against plain" in answer.err


def test_resuming_gives_the_command_once_more_and_takes_all_over(cli, quick, tmp_path):
    cli("sweep", quick, "--out", tmp_path / "runs")
    answer = cli("resume", "--out", tmp_path / "runs", "--json")
    assert answer.code == 0
    assert answer.json["counts"] == {"total": 31, "reused": 31, "computed": 0, "failed": 0}


def test_status_tells_states_before_and_after(cli, quick, tmp_path):
    cli("sweep", quick, "--out", tmp_path / "runs")
    found = cli("status", "--out", tmp_path / "runs", "--json").json
    assert (found["states"], found["running"], found["seconds_left"]) == ({"done": 31}, False, 0)
    assert "31 done" not in cli("status", "--out", tmp_path / "runs").out
    assert "all runs are over" in cli("status", "made-up", "--out", tmp_path / "runs").out


def test_a_second_launch_at_once_is_told_who_is_at_it(cli, quick, tmp_path):
    folder = Ledger.create(tmp_path / "runs").sweep_folder("made-up")
    folder.mkdir()
    with Ledger.open(tmp_path / "runs").lock_sweep("made-up"):
        answer = cli("sweep", quick, "--out", tmp_path / "runs")
    assert answer.code == 3
    assert "in use by process" in answer.err


def test_ctrl_c_ends_with_one_line_and_its_code(cli, quick, tmp_path, monkeypatch):
    def stopped(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("harness.sweep.run_sweep", stopped)
    answer = cli("sweep", quick, "--out", tmp_path / "runs")
    assert answer.code == 130
    assert "run the same command again" in answer.err
    assert "Traceback" not in answer.err


def test_failed_runs_give_exit_code_one_and_say_where_to_look(cli, quick, tmp_path):
    quick.write_text(json.dumps(document(variants={"plain": {}, "fancy": {"set": {"plant": "crash"}}})))
    answer = cli("sweep", quick, "--out", tmp_path / "runs")
    assert answer.code == 1
    assert "problem:" in answer.err
    assert "runs failed" in answer.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["sweep", "dmo"], "did you mean demo"),
        (["sweep", "demo", "--preset", "smok"], "did you mean smoke"),
        (["sweep", "demo", "--set", "tables.families.train.stepps=3"], "did you mean"),
        (["sweep", "demo", "--set", "no-setting"], "path=value"),
        (["sweep", "demo", "--keep", "bets"], "allowed: none, best, last"),
        (["sweep", "demo", "--only", "done"], "allowed: diverged, error, failed, interrupted, never, oom"),
        (["compare", "pre-ln", "--task", "copy"], "two entries"),
        (["compare", "pre-ln", "pre-ln", "--task", "copy"], "each once"),
        (["compare", "pre-ln", "post-lm", "--task", "copy"], "did you mean post-ln"),
        (["compare", "pre-ln", "post-ln", "--task", "language_model"], "did you mean language_modelling"),
        (["compare", "pre-ln", "post-ln", "--task", "copy", "--data", "x.txt"], "data"),
        (["compare", "pre-ln", "post-ln", "--task", "copy", "--preset", "tiny"], "allowed: demo, full, smoke"),
    ],
)
def test_bad_input_is_one_message_with_what_to_do(cli, words, told, tmp_path):
    answer = cli(*words, "--dry-run", "--out", tmp_path / "runs")
    assert answer.code == 2
    assert told in answer.err
    assert "fault of the program" not in answer.err
    assert not (tmp_path / "runs").exists()


def test_a_dry_run_counts_and_writes_nothing(cli, tmp_path, monkeypatch):
    monkeypatch.setattr("harness.pace.clock_of", lambda device: lambda runs: [[0.5] for _ in runs])
    words = ["compare", "pre-ln", "post-ln", "--task", "copy", "--preset", "smoke", "--workers", "2", "--dry-run"]
    found = cli(*words, "--out", tmp_path / "runs", "--json").json
    assert (found["runs"], found["seconds"]) == (10, 10 * 6 * 0.5 / 2)
    assert not (tmp_path / "runs").exists()


def question(*entries, **more):
    return Question("compare", entries, Terms(**{"task": "copy", **more}))


def test_a_comparison_takes_seeds_trials_and_settings():
    (table,) = sweep_of(question("pre-ln", "post-ln", seeds=3, trials=2, settings=["train.steps=7"])).tables
    assert table.reporting_seeds == (0, 1, 2)
    assert table.learning_rates == (3e-4, 1e-2)
    assert table.train["steps"] == 7
    assert table.baseline == "pre-ln"


def test_a_dimension_that_a_person_sets_is_taken_and_a_misspelt_one_refused():
    (table,) = sweep_of(question("pre-ln", "transformer", settings=["size.n_heads=2"])).tables
    assert table.size["n_heads"] == 2
    assert all("n_heads" not in variant.settings for variant in table.variants)
    with pytest.raises(CatalogError, match="did you mean d_model"):
        build_plan(sweep_of(question("transformer", "transformer-pre-ln", settings=["size.d_modl=3"])))


def test_a_dimension_that_a_person_sets_reaches_the_stacks():
    settings = {"d_ff": 24, "decoder.n_heads": 4, "decoder.d_ff": 48}
    assert with_own(settings, {"n_heads": 2}) == {"d_ff": 24, "decoder.n_heads": 2, "decoder.d_ff": 48}
    assert with_own(settings, {"d_ff": 8}) == {"decoder.n_heads": 4, "decoder.d_ff": 8}


def test_rates_are_spread_in_equal_ratios():
    assert spread(1e-4, 1e-2, 3) == [1e-4, 1e-3, 1e-2]
    assert spread(1e-4, 1e-2, 1) == [1e-3]


def test_the_same_question_has_the_same_name_and_another_text_another():
    names = [question("a", "b", data=data).name for data in (None, "x/own text.txt", "y/other.txt")]
    assert names == ["compare-copy-a-b", "compare-copy-own-text-a-b", "compare-copy-other-a-b"]


def test_scaling_keeps_grouped_heads_grouped_and_windows_inside_the_context():
    model = {"d_model": 4096, "n_layers": 32, "n_heads": 32, "n_kv_heads": 8, "d_ff": 14336, "window": 4096}
    settings = scaled_settings({**model, "decoder": {"dropout": 0.1}}, width=64, n_layers=2)
    assert settings == {
        "d_model": 64,
        "n_layers": 2,
        "n_heads": 4,
        "n_kv_heads": 1,
        "d_ff": 224,
        "window": 16,
        "decoder.dropout": 0.0,
    }


def test_an_entry_that_can_meet_few_sizes_sets_the_budget():
    assert coarsest({"a": {"d_model": 8, "d_ff": 32}, "b": {"d_model": 8}}) == "b"
    assert coarsest({"a": {"d_model": 8, "d_ff": 32}, "b": {"decoder": {"d_ff": 8}}}) == "a"


PLAN = {
    "name": "made-up",
    "tables": [
        {
            "id": "one",
            "arms": ["a", "b"],
            "baseline": "a",
            "learning_rates": [1, 2],
            "tuning_seeds": [100],
            "reporting_seeds": [0],
            "variants": {"a": {"steps": 10, "tokens_per_step": 8}, "b": {"steps": 10, "tokens_per_step": 16}},
        }
    ],
}


def planned(variant, seed=0):
    return PlannedRun("one", variant, "tuning", 1e-3, seed, {"seed": seed, "variant": variant})


def test_the_rest_is_foretold_from_pace_and_tokens():
    now = [0.0]
    eta = Eta(PLAN, workers=2, clock=lambda: now[0])
    assert eta.seconds() is None
    eta.started(planned("a"))
    now[0] = 4.0
    eta.stepped(planned("a"), 5, 10)
    # half a run of `a` took 4 s: 4 runs of 8 s less the half that is done, and 3 of `b` at twice the tokens
    assert eta.seconds() == pytest.approx((4 * 8 - 4 + 3 * 16) / 2)
    now[0] = 10.0
    eta.finished(planned("a"))
    assert eta.seconds() == pytest.approx((3 * 10 + 3 * 20) / 2)


def test_runs_that_were_taken_over_do_not_count_as_fast():
    eta = Eta(PLAN, workers=1, clock=lambda: 0.0)
    eta.finished(planned("a"))
    assert eta.seconds() is None


@pytest.mark.parametrize(("seconds", "text"), [(None, "-"), (7.4, "0:07"), (187, "3:07"), (3765, "1:02:45")])
def test_durations_read_as_clocks(seconds, text):
    assert clock_text(seconds) == text


def test_bars_show_the_loss_of_runs_at_work_and_lose_them_at_their_end():
    progress = Progress(TextColumn("{task.description} {task.fields[told]}"), console=Console(file=io.StringIO()))
    bars = Bars(1, print, lambda: None, progress)
    counts = Counts(7)
    bars.planned(PLAN, counts)
    bars.run_started(planned("a"))
    bars.run_step(planned("a"), {"step": 5, "steps": 10, "train_loss": 2.5})
    assert [task.fields["told"] for task in progress.tasks][1] == "train 2.500"
    counts.computed = 1
    bars.run_finished(planned("a"), {"state": "done"}, counts)
    assert [(task.description, task.completed) for task in progress.tasks] == [("all runs", 1)]


def test_scaling_keeps_a_pattern_whole_and_the_share_of_a_head_that_is_rotated():
    model = {"d_model": 4096, "n_layers": 28, "n_heads": 16}
    partial = {**model, "decoder": {"position": {"kind": "rope", "dim": 64}}}
    assert scaled_settings(partial, width=64, n_layers=2)["decoder.position.dim"] == 4
    tiled = {**model, "decoder": {"prefix": ["a"], "pattern": ["b", "b", "c"]}}
    assert scaled_settings(tiled, width=64, n_layers=2)["n_layers"] == 4
    own = {"d_model": 4096, "n_heads": 16, "decoder": {"n_layers": 12, "pattern": ["b", "c"]}}
    assert scaled_settings(own, width=64, n_layers=3)["decoder.n_layers"] == 4
