"""Pretraining in a plan: its certificate, its rates, what the dry run counts of it, and what is refused."""

import json
from dataclasses import replace

import pytest

from catalog import resolve
from catalog.errors import CatalogError
from harness.comparison.arm import read_arm, tuning_record
from harness.dryrun import estimate, lines
from harness.init_from import start_of
from harness.pace import Timing
from harness.plan import build_plan
from harness.plantools import real_tools
from harness.records import tuning_runs
from harness.sweepfile import assemble
from harness.tasks.registry import build_task
from harness.tasks.task import Side

SMALL = {"d_model": 16, "n_layers": 1, "n_heads": 2, "d_ff": 32}
PRE = {"kind": "masked_language_modelling", "data": "wordnet", "context_length": 16, "evaluation_tokens": 256}
FINE = {"kind": "classification", "unit": "byte", "length": 24, "evaluation_items": 40}
TRAIN = {"steps": 4, "batch_size": 4}


def sweep(**variants):
    document = {
        "name": "two",
        "tables": {"t": {"task": FINE, "variants": variants, "train": {"steps": 3, "batch_size": 4}}},
        "learning_rates": [0.01, 0.02],
        "tuning_seeds": [9],
        "reporting_seeds": [0],
        "size": SMALL,
    }
    return assemble(json.loads(json.dumps(document)))


def tools():
    return replace(real_tools(), certify=lambda spec, entry: [])


START = {"task": PRE, "train": TRAIN, "learning_rates": [0.001, 0.01]}
ENTRY = {"entry": "pre-ln-encoder"}


def test_one_entry_from_scratch_and_pretrained_is_a_comparison():
    asked = []
    certify = replace(tools(), certify=lambda spec, entry: asked.append(spec["head"]["kind"]) or [])
    plan = build_plan(sweep(scratch=ENTRY, pretrained={**ENTRY, "init_from": START}), tools=certify)
    table = plan["tables"][0]
    scratch, pretrained = (table["variants"][name] for name in ("scratch", "pretrained"))
    assert "init_from" not in scratch
    assert pretrained["init_from"]["model"]["head"]["kind"] == "lm"
    assert scratch["code_hash"] != pretrained["code_hash"]
    assert asked == ["classifier", "classifier", "lm"]
    assert table["notes"][-1] == (
        "pretrained: pretrained on masked_language_modelling, 4 steps for each seed at the best of 0.001, 0.01 by its "
        "own validation loss; outside the budget; fresh, in whole or part: encoder.positions.0.table.weight, "
        "head.project.weight, head.project.bias"
    )
    (one, _), (other, _) = tuning_runs(table, "scratch"), tuning_runs(table, "pretrained")
    assert one.id != other.id
    assert other.spec["init_from"]["task"]["kind"] == "masked_language_modelling"


def test_a_dry_run_counts_each_pretraining_once():
    other = {**ENTRY, "init_from": {**START, "train": {**TRAIN, "steps": 8}}}
    plan = build_plan(sweep(one=ENTRY | {"init_from": START}, longer=other, scratch=ENTRY), tools=tools())
    table = plan["tables"][0]
    found = estimate(plan, lambda run: Timing(0.5, 0.0))["tables"][0]
    # two rates at the tuning seed, one reporting seed, and the baseline's own rival
    starts = {name: arm["pretraining"] for name, arm in found["variants"].items()}
    assert {name: start and start["trainings"] for name, start in starts.items()} == {
        "one": 4,
        "longer": 3,
        "scratch": None,
    }
    one = found["variants"]["one"]["pretraining"]
    assert one["tokens"] == 4 * 4 * 4 * PRE["context_length"]
    assert one["seconds"] == 4 * 4 * 0.5
    assert one["flops"] == 4 * table["variants"]["one"]["pretraining"]["flops"] > 0
    runs = sum(arm["views"]["tokens"] * (2 + 1 + (name == "one")) for name, arm in found["variants"].items())
    assert found["tokens"] == runs + one["tokens"] + found["variants"]["longer"]["pretraining"]["tokens"]
    assert "    pretraining, shared by its runs: 4 trainings, " in "\n".join(lines(estimate(plan)))


def compared(losses):
    """The comparison's arm after pretraining at rates with these losses."""
    told = {"learning_rate": 0.01, "curve": [{"learning_rate": r, "loss": loss} for r, loss in losses.items()]}
    done = {"state": "done", "val": {"loss": 1.0}, "test": {"loss": 1.0}, "pretraining": told}
    rates = {0.1: 2.0, 0.2: 1.0, 0.3: 2.0}
    tuning = {(rate, 9): {**done, "val": {"loss": loss}} for rate, loss in rates.items()}
    plan = {"reporting_seeds": [0], "learning_rates": list(rates), "tuning_seeds": [9]}
    return read_arm("pretrained", {"tuning": tuning, "reporting": {0: done}}, plan, "test")


def test_a_pretraining_at_the_edge_of_its_rates_makes_no_claim():
    inside = compared({0.001: 2.0, 0.01: 1.0, 0.1: None})
    assert inside.reasons == []
    assert tuning_record(inside)["pretraining"]["best_rate"] == 0.01
    edge = compared({0.001: 2.0, 0.01: 1.0})
    assert edge.reasons == ["its pretraining is untuned: best rate 1e-2 is the last point of the grid"]
    assert compared({0.01: 1.0}).reasons == ["its pretraining is untuned: 1e-2 is the only rate of the grid"]


def test_a_pretraining_without_a_certificate_is_refused():
    green = replace(tools(), certify=lambda spec, entry: ["rows: leaks"] if spec["head"]["kind"] == "lm" else [])
    with pytest.raises(CatalogError, match=r"variants.one: its pretraining does not pass the certificate.*rows: leaks"):
        build_plan(sweep(one=ENTRY | {"init_from": START}), tools=green)


def test_pretrainings_of_one_table_are_tuned_at_the_same_points():
    longer = {**START, "train": {**TRAIN, "steps": 8}}
    turned, more = ({**longer, "learning_rates": rates} for rates in ([0.01, 0.001], [0.001, 0.003, 0.01]))
    build_plan(sweep(one=ENTRY | {"init_from": START}, longer=ENTRY | {"init_from": turned}), tools=tools())
    told = r"variants.more.init_from.learning_rates: are tuned at other points than 'one'.*\[0.001, 0.003, 0.01\]"
    with pytest.raises(CatalogError, match=told):
        build_plan(sweep(one=ENTRY | {"init_from": START}, more=ENTRY | {"init_from": more}), tools=tools())


def test_a_fault_of_one_start_is_told_alone():
    wrong = {**START, "task": {**PRE, "shar": 1}}
    with pytest.raises(CatalogError) as caught:
        build_plan(sweep(scratch=ENTRY, pretrained={**ENTRY, "init_from": wrong}), tools=tools())
    assert len(caught.value.faults) == 1
    assert "did you mean share" in str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"rates": [1]},
            r"got task, train, learning_rates, rates; allowed: task, train, learning_rates, all",
        ),
        (
            {"train": {"steps": 3, "learning_rate": 0.1}},
            r"learning_rate: is not given here; list it in init_from",
        ),
        ({"train": 3}, r"init_from.train: got 3; allowed: a map of settings"),
        ({"learning_rates": [0.1, -1]}, r"learning_rates: got \[0.1, -1\]; allowed: one number above 0, or more, each"),
        ({"task": {**PRE, "kind": "language_modelling"}}, "no exact loss for the encoder stack"),
        ({"task": {**PRE, "shar": 1}}, "did you mean share"),
    ],
)
def test_a_start_that_cannot_be_is_refused(change, message):
    fine = build_task(FINE)
    side = Side(fine.adapt(resolve("pre-ln-encoder", None, SMALL)), fine.token_ids)
    with pytest.raises((CatalogError, ValueError), match=message):
        start_of({**START, **change}, side, {"kind": "lm", "tied": True}, [9], tools())
