"""A sweep from file to verdict: order, reuse, failures typed, changed definitions and mixed code told."""

import json
import os
import signal
from dataclasses import replace

import pytest

from harness.ledger import Ledger, State, query, vouch
from harness.progress import PlainLines
from harness.sweep import run_sweep
from harness.sweepfile import assemble
from harness.sweepstatus import status
from sweep_stand_ins import FLOORS, Heard, deterministic_files, document, launch, planted, sweep, tools


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """An uninterrupted sweep, for comparison; read only."""
    out = tmp_path_factory.mktemp("whole") / "runs"
    heard = Heard()
    return out, run_sweep(sweep(), launch(out), heard), heard


def states(ledger):
    found = {}
    for row in query(ledger):
        found[row.state] = found.get(row.state, 0) + 1
    return found


def test_every_run_is_made_and_every_table_compared(whole):
    out, outcome, heard = whole
    assert outcome.exit_code == 0
    assert (outcome.counts.total, outcome.counts.computed, outcome.counts.reused) == (31, 31, 0)
    assert heard.tables == ["first", "second"]
    assert states(Ledger.open(out)) == {"done": 31}
    assert {"plan.json", "comparison.json", "tiers.csv", "runs.json"} <= {p.name for p in outcome.folder.iterdir()}


def test_tuning_comes_first_and_reporting_uses_the_best_rate(whole):
    out, _, heard = whole
    first = [purpose for table, purpose, _ in heard.order if table == "first"]
    assert first[:8] == ["tuning"] * 8
    assert sorted(set(first[8:])) == ["a/a", "reporting"]
    rates = {run.learning_rate for run, _ in heard.finished if run.purpose != "tuning"}
    assert rates == {3e-3}
    assert {row.salt for row in query(Ledger.open(out), sweep="made-up", purpose="reporting")} == {"", "a/a"}


def test_tuning_runs_open_no_test_split(whole):
    out, *_ = whole
    ledger = Ledger.open(out)
    assert all((row.test_loss is None) == (row.purpose == "tuning") for row in query(ledger))


def test_the_second_launch_makes_nothing_and_changes_nothing(whole):
    out, *_ = whole
    before = deterministic_files(out)
    heard = Heard()
    outcome = run_sweep(sweep(), launch(out, runner="no_such_module:run"), heard)
    assert (outcome.counts.reused, outcome.counts.computed) == (31, 0)
    assert heard.order == []
    assert deterministic_files(out) == before


def test_the_comparison_finds_the_planted_difference(whole):
    _, outcome, _ = whole
    first = outcome.comparison["tables"][0]
    assert {arm["name"]: arm["best_rate"] for arm in first["arms"]} == {"plain": 0.003, "fancy": 0.003}
    assert first["differences"][0]["mean"] == pytest.approx(-0.2, abs=0.01)
    assert len(first["aa"]["run_ids"]) == 3


def test_status_counts_states_and_time_left(whole):
    out, *_ = whole
    found = status(Ledger.open(out), "made-up")
    assert (found["total"], found["states"], found["seconds_left"], found["running"]) == (31, {"done": 31}, 0.0, False)


def test_plain_lines_tell_verdicts_and_ends(tmp_path, capsys):
    run_sweep(sweep(), launch(tmp_path / "runs"), PlainLines())
    told = capsys.readouterr().err
    assert "[31/31]" in told
    assert "first/fancy reporting rate 0.003 seed 2: done loss" in told


def test_a_lone_worker_that_retires_is_waited_for(tmp_path):
    run_sweep(planted("crash"), launch(tmp_path / "runs", workers=1), Heard())
    assert states(Ledger.open(tmp_path / "runs")) == {"done": 24, "error": 4}


@pytest.mark.parametrize(
    ("fault", "state"), [("crash", "error"), ("oom", "oom"), ("kill", "oom"), ("segfault", "error")]
)
def test_a_variant_that_fails_keeps_its_state_and_the_sweep_goes_on(tmp_path, fault, state):
    heard = Heard()
    outcome = run_sweep(planted(fault), launch(tmp_path / "runs"), heard)
    ledger = Ledger.open(tmp_path / "runs")
    # no rate of the variant is known, so its three reporting runs are not made
    assert states(ledger) == {"done": 24, state: 4}
    assert heard.tables == ["first", "second"]
    assert outcome.exit_code == 1
    assert "4 runs failed" in outcome.problems[0]
    traces = [(ledger.run(row.id).folder / "traceback.txt").read_text() for row in query(ledger, state=state)]
    assert all(trace.strip() for trace in traces)
    verdict = outcome.comparison["tables"][0]["differences"][0]["verdict"]
    assert verdict == "no claim"


def test_a_diverged_variant_is_data_and_no_failure(tmp_path):
    outcome = run_sweep(planted("nan"), launch(tmp_path / "runs"), Heard())
    assert outcome.counts.failed == 0
    assert states(Ledger.open(tmp_path / "runs")) == {"done": 24, "diverged": 7}


def test_a_worker_killed_once_gets_a_second_chance(tmp_path, whole):
    heard = Heard()
    outcome = run_sweep(planted("kill_once"), launch(tmp_path / "runs"), heard)
    assert outcome.counts.computed == 31
    assert len(heard.warnings) == 7
    assert all("is taken up again: its worker was killed" in text for text in heard.warnings)


def test_failed_runs_are_tried_again_by_the_next_launch(tmp_path):
    out = tmp_path / "runs"
    run_sweep(planted("crash"), launch(out), Heard())
    outcome = run_sweep(planted("crash"), launch(out), Heard())
    assert (outcome.counts.reused, outcome.counts.failed) == (24, 4)


def test_a_changed_definition_is_told_and_equal_runs_are_taken_over(tmp_path, whole):
    out = tmp_path / "runs"
    run_sweep(sweep(), launch(out), Heard())
    heard = Heard()
    outcome = run_sweep(sweep(reporting_seeds=[0, 1, 2, 3]), launch(out), heard)
    assert "defined otherwise before (tables.first.reporting_seeds: [0, 1, 2] -> [0, 1, 2, 3])" in heard.warnings[0]
    assert (outcome.counts.reused, outcome.counts.computed) == (31, 3)
    old = json.loads(next(outcome.folder.glob("plan-*.json")).read_text())
    assert old["plan_hash"] == whole[1].plan["plan_hash"]


def test_an_entry_that_was_renamed_is_not_trained_again(tmp_path, monkeypatch):
    out, heard = tmp_path / "runs", Heard()
    run_sweep(sweep(), launch(out), Heard())
    monkeypatch.setitem(FLOORS, "fancier", FLOORS["fancy"])
    monkeypatch.delitem(FLOORS, "fancy")
    outcome = run_sweep(sweep(variants={"plain": {}, "fancy": "fancier"}), launch(out), heard)
    assert (outcome.counts.reused, outcome.counts.computed) == (31, 0)
    assert "tables.first.variants.fancy.entry: fancy -> fancier" in heard.warnings[0]
    assert "exploratory" not in outcome.comparison["tables"][0]


def test_an_entry_that_was_changed_is_told_and_its_runs_alone_are_made(tmp_path, monkeypatch):
    out, heard = tmp_path / "runs", Heard()
    run_sweep(sweep(), launch(out), Heard())
    monkeypatch.setitem(FLOORS, "fancy", 0.7)
    outcome = run_sweep(sweep(), launch(out), heard)
    assert (outcome.counts.reused, outcome.counts.computed) == (24, 7)
    assert "tables.first.variants.fancy.spec: " in heard.warnings[0]
    assert outcome.comparison["tables"][0]["exploratory"] == ["exploratory: fancy was changed after results were seen"]
    assert len(query(Ledger.open(out))) == 38


def test_what_is_added_after_results_were_seen_is_exploratory(tmp_path):
    out = tmp_path / "runs"
    run_sweep(sweep(), launch(out), Heard())
    outcome = run_sweep(sweep(variants={"plain": {}, "fancy": {}, "slow-one": {}}, margin=0.1), launch(out), Heard())
    first, second = outcome.comparison["tables"]
    assert (
        first["exploratory"]
        == first["sentences"][:2]
        == [
            "exploratory: margin was changed after results were seen",
            "exploratory: slow-one was added after results were seen",
        ]
    )
    assert "exploratory" not in second
    # what was declared at first is remembered however often the file changes
    outcome = run_sweep(sweep(reporting_seeds=[0, 1]), launch(out), Heard())
    assert outcome.comparison["tables"][0]["exploratory"] == [
        "exploratory: reporting_seeds was changed after results were seen"
    ]


def test_a_plan_may_be_changed_freely_until_results_are_seen(tmp_path):
    out = tmp_path / "runs"
    run_sweep(planted("crash"), launch(out, only=frozenset({State.OOM})), Heard())
    outcome = run_sweep(sweep(margin=0.1), launch(out), Heard())
    assert "exploratory" not in outcome.comparison["tables"][0]


@pytest.mark.parametrize(("fault", "state"), [("oom", State.OOM), ("crash", State.ERROR)])
def test_only_runs_in_the_state_that_was_asked_for_are_run(tmp_path, fault, state):
    out, heard = tmp_path / "runs", Heard()
    run_sweep(planted(fault), launch(out), Heard())
    ledger = Ledger.open(out)
    gone = ledger.run(query(ledger, state="done", sweep="made-up")[0].id)
    ledger.set_aside(gone)
    run_sweep(planted(fault), launch(out, only=frozenset({state})), heard)
    # each once, or once more alone where it ran out of memory beside another
    assert {variant for _, _, variant in heard.order} == {"fancy"}
    assert len({run.id for run, _ in heard.finished if run.variant == "fancy"}) == 4
    assert gone.status().state is State.NEVER
    assert "runs were left as they are: this launch was for" in heard.warnings[-1]


def test_failed_runs_that_are_left_are_still_told_as_failed(tmp_path):
    out, heard = tmp_path / "runs", Heard()
    run_sweep(planted("crash"), launch(out), Heard())
    outcome = run_sweep(planted("crash"), launch(out, only=frozenset({State.OOM})), heard)
    assert (outcome.counts.reused, outcome.counts.failed, heard.order) == (24, 4, [])


def test_diverged_runs_are_made_anew_when_asked_for_and_the_old_ones_kept(tmp_path):
    out = tmp_path / "runs"
    run_sweep(planted("nan"), launch(out), Heard())
    outcome = run_sweep(planted("nan"), launch(out, only=frozenset({State.DIVERGED})), Heard())
    assert (outcome.counts.reused, outcome.counts.computed) == (24, 7)
    assert len(list((out / "replaced").iterdir())) == 7


def test_runs_of_other_code_are_made_anew_and_the_old_ones_kept(tmp_path):
    out = tmp_path / "runs"
    run_sweep(sweep(), launch(out, "code-1"), Heard())
    heard = Heard()
    outcome = run_sweep(sweep(), launch(out, "code-2"), heard)
    assert (outcome.counts.reused, outcome.counts.computed) == (0, 31)
    assert sum("they are made anew" in text for text in heard.warnings) == 1
    assert len(list((out / "replaced").iterdir())) == 31
    assert "other_code" not in outcome.comparison["tables"][0]


def test_runs_that_this_code_was_found_to_make_bit_for_bit_are_taken_over(tmp_path):
    out, heard = tmp_path / "runs", Heard()
    run_sweep(sweep(), launch(out, "code-1"), Heard())
    ledger = Ledger.open(out)
    for identity in ledger.ids()[:30]:
        vouch(ledger.run(identity), "code-2-cpu", 20, whole=True)
    outcome = run_sweep(sweep(), launch(out, "code-2"), heard)
    assert (outcome.counts.reused, outcome.counts.computed) == (30, 1)
    assert "other_code" not in outcome.comparison["tables"][0]


def test_runs_whose_first_steps_alone_were_replayed_are_taken_over_and_that_is_said(tmp_path):
    out = tmp_path / "runs"
    run_sweep(sweep(), launch(out, "code-1"), Heard())
    ledger = Ledger.open(out)
    for identity in ledger.ids():
        vouch(ledger.run(identity), "code-2-cpu", 5, whole=False)
    outcome = run_sweep(sweep(), launch(out, "code-2"), Heard())
    assert outcome.counts.reused == 31
    table = outcome.comparison["tables"][0]
    assert len(table["other_code"]) == 17
    told = "17 runs were made by other code than the rest: this code replayed their first steps bit for bit, and"
    assert table["sentences"][0].startswith(told)


def test_mixed_code_is_said_in_the_comparison(tmp_path):
    out = tmp_path / "runs"
    run_sweep(sweep(), launch(out, "code-1"), Heard())
    outcome = run_sweep(sweep(), launch(out, "code-2", reuse_other_code=True), Heard())
    assert outcome.counts.reused == 31
    table = outcome.comparison["tables"][0]
    assert len(table["other_code"]) == 17
    assert "17 runs were made by other code" in table["sentences"][0]


def test_a_sweep_in_which_nothing_is_learned_fails_with_a_sentence(tmp_path):
    hopeless = sweep(variants={"plain": {"set": {"floor": 5.0}}, "fancy": {"set": {"floor": 5.5}}})
    outcome = run_sweep(hopeless, launch(tmp_path / "runs"), Heard())
    assert outcome.exit_code == 1
    assert "first: no arm beats bigram (2.9 nats per token)" in outcome.problems[0]


def test_a_text_that_was_moved_is_not_trained_again(tmp_path):
    def told(place):
        return sweep(task={"kind": "fake", "data": place})

    out, heard = tmp_path / "runs", Heard()
    run_sweep(told("here/book.txt"), launch(out), Heard())
    outcome = run_sweep(told("there/book.txt"), launch(out), heard)
    assert (outcome.counts.reused, outcome.counts.computed) == (31, 0)
    assert "tables.first.task.data: here/book.txt -> there/book.txt" in heard.warnings[0]
    places = {Ledger.open(out).run(run.id).spec()["task"].get("data") for run, _ in heard.finished}
    assert places == {"there/book.txt", None}


def test_a_request_to_end_is_heard_while_the_sweep_is_planned(tmp_path):
    def ask(block):
        os.kill(os.getpid(), signal.SIGTERM)
        return dict(block)

    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt):
        run_sweep(sweep(), launch(tmp_path / "runs", tools=replace(tools(), fill_task=ask)))
    assert signal.getsignal(signal.SIGTERM) == before


def test_two_tables_may_share_runs(tmp_path):
    twice = document()
    twice["tables"]["second"] = {**twice["tables"]["first"]}
    heard = Heard()
    outcome = run_sweep(assemble(twice), launch(tmp_path / "runs"), heard)
    assert outcome.counts.computed == 17
    assert heard.tables == ["first", "second"]
    assert Ledger.open(tmp_path / "runs").run(Ledger.open(tmp_path / "runs").ids()[0]).status().state is State.DONE
