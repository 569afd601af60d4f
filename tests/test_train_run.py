"""A run from spec to result: what it records, what it opens, when it has diverged."""

import json

import pytest
import torch

from harness.train import Execution, calibrate, calibration, device, run
from train_stand_in import StandIn, install, spec_of


@pytest.fixture(autouse=True)
def stand_ins(monkeypatch):
    install(monkeypatch)
    StandIn.opened.clear()


def train(spec, folder, **execution):
    folder.mkdir(exist_ok=True)
    events = []
    return run(spec, folder, events.append, Execution(device="cpu", **execution)), events


def lines(folder):
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def test_a_run_learns_and_is_done(tmp_path):
    record, _ = train(spec_of(), tmp_path)
    result = record["result"]
    assert result["state"] == "done"
    assert result["steps"] == 20
    assert result["val"]["loss"] < result["initial_loss"]
    assert result["parameters"] == {"total": 3, "embedding": 1, "non_embedding": 2}


def test_the_curve_has_training_and_validation_lines(tmp_path):
    train(spec_of(), tmp_path)
    assert [line["step"] for line in lines(tmp_path) if "train_loss" in line] == [3, 6, 9, 12, 15, 18, 20]
    assert [line["step"] for line in lines(tmp_path) if "val_loss" in line] == [0, 7, 14, 20]


def test_two_runs_of_one_spec_write_the_same_bytes(tmp_path):
    first, _ = train(spec_of({"dropout": 0.2}), tmp_path / "a")
    second, _ = train(spec_of({"dropout": 0.2}), tmp_path / "b")
    assert first["result"] == second["result"]
    assert (tmp_path / "a/metrics.jsonl").read_bytes() == (tmp_path / "b/metrics.jsonl").read_bytes()


def test_a_tuning_run_never_opens_the_test_split(tmp_path):
    record, events = train(spec_of(purpose="tuning"), tmp_path)
    assert "test" not in StandIn.opened
    assert record["result"]["test"] is None
    assert not [e for e in events if e["event"] == "test_opened"]


def test_a_reporting_run_opens_the_test_split_once_and_says_so(tmp_path):
    record, events = train(spec_of(purpose="reporting"), tmp_path)
    assert StandIn.opened.count("test") == 1
    assert record["result"]["test"]["loss"] > 0
    assert [e for e in events if e["event"] == "test_opened"] == [{"event": "test_opened", "step": 20}]


def test_a_loss_that_is_not_finite_stops_the_run_and_names_the_step(tmp_path):
    record, events = train(spec_of({"poison": 8}, purpose="reporting"), tmp_path)
    result = record["result"]
    assert (result["state"], result["steps"], result["broken_at"]) == ("diverged", 8, 8)
    assert result["val"] == {"loss": None}
    assert result["test"] == {"loss": None}
    assert "test" not in StandIn.opened
    assert next(e["step"] for e in events if e["event"] == "non_finite") == 8
    assert max(line["step"] for line in lines(tmp_path)) == 7


@pytest.mark.parametrize(("margin", "state"), [(0.0, "done"), (5.0, "diverged"), (None, "done")])
def test_a_finite_loss_above_the_trivial_row_less_the_margin_is_divergence(tmp_path, margin, state):
    record, _ = train(spec_of(divergence_margin=margin), tmp_path)
    assert record["result"]["state"] == state
    assert record["result"]["val"]["loss"] is not None


def test_weights_are_kept_when_asked_for_and_only_by_reporting_runs(tmp_path):
    train(spec_of(), tmp_path / "tuning", keep="last")
    train(spec_of(purpose="reporting"), tmp_path / "none")
    train(spec_of(purpose="reporting"), tmp_path / "last", keep="last")
    kept = [folder for folder in ("tuning", "none", "last") if (tmp_path / folder / "model.safetensors").exists()]
    assert kept == ["last"]


def test_the_best_weights_are_those_of_the_lowest_validation_loss_on_the_way(tmp_path):
    # a rate that only grows makes the later validations worse than the one at step 7
    spec = spec_of(purpose="reporting", learning_rate=30.0, warmup=20, divergence_margin=None)
    record, _ = train(spec, tmp_path / "best", keep="best")
    last, _ = train(spec, tmp_path / "last", keep="last")
    losses = {line["step"]: line["val_loss"] for line in lines(tmp_path / "best") if line.get("val_loss")}
    best = min((step for step in losses if step), key=losses.__getitem__)
    assert record["costs"]["kept"] == {"rule": "best", "step": best}
    assert best < 20
    assert record["result"] == last["result"]
    weights = [(tmp_path / name / "model.safetensors").read_bytes() for name in ("best", "last")]
    assert weights[0] != weights[1]


def test_generations_are_made_for_the_first_test_rows_only(tmp_path):
    record, _ = train(spec_of(purpose="reporting", task="stand_in_pairs", decode_examples=10), tmp_path)
    assert record["result"]["shown"]["generated"] == 16
    record, _ = train(spec_of(purpose="tuning", task="stand_in_pairs", decode_examples=10), tmp_path)
    assert record["result"]["shown"]["generated"] == 0


def test_costs_name_device_kernels_and_threads_and_count_tokens(tmp_path):
    record, events = train(spec_of(), tmp_path)
    costs = record["costs"]
    assert costs["kernels"] == ["sdpa-cpu-flash", "stand-in"]
    assert costs["threads"] == torch.get_num_threads()
    assert costs["torch"] == torch.__version__
    assert costs["tokens_per_second"] > 0
    assert costs["compile_seconds"] == 0
    assert costs["peak_memory_bytes"] > 1e6
    assert [e["device"] for e in events if e["event"] == "device"] == [costs["device"]]


def test_data_that_changed_since_the_plan_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"data: changed .*\(got stand-in; the spec says other\)"):
        train({**spec_of(), "data": "other"}, tmp_path)


def test_an_unknown_purpose_is_refused(tmp_path):
    with pytest.raises(ValueError, match="purpose: unknown"):
        train(spec_of(purpose="fun"), tmp_path)


def test_bf16_trains_to_nearly_the_same_loss(tmp_path):
    plain, _ = train(spec_of(), tmp_path / "a")
    low, _ = train(spec_of(precision="bf16"), tmp_path / "b")
    # bf16 keeps 8 bits: 20 steps drift by well under a hundredth of a nat
    assert plain["result"]["val"]["loss"] == pytest.approx(low["result"]["val"]["loss"], abs=0.02)
    assert plain["result"]["val"]["loss"] != low["result"]["val"]["loss"]


def test_auxiliary_losses_change_the_weights_but_not_the_reported_loss(tmp_path):
    plain, _ = train(spec_of(), tmp_path / "a")
    heavy, _ = train(spec_of({"aux": 10.0}), tmp_path / "b")
    assert plain["result"]["initial_loss"] == heavy["result"]["initial_loss"]
    assert lines(tmp_path / "a")[1]["train_loss"] == pytest.approx(lines(tmp_path / "b")[1]["train_loss"], abs=0.05)
    assert plain["result"]["val"]["loss"] != heavy["result"]["val"]["loss"]


def test_what_is_in_use_on_a_device_is_measured_at_the_end_and_given_back(tmp_path, monkeypatch):
    order = []
    monkeypatch.setitem(device.METERS, "cpu", lambda device: order.append("measured") or (30, 100))
    monkeypatch.setattr(torch.accelerator, "empty_cache", lambda: order.append("given back"))
    record, _ = train(spec_of(), tmp_path / "run")
    assert record["costs"]["device_memory"] == {"used": 30, "total": 100}
    assert order == ["measured", "given back"]


def test_calibration_takes_its_runs_in_turn(monkeypatch):
    order, honest = [], calibration.build_trainer
    monkeypatch.setattr(calibration, "build_trainer", lambda spec, device: order.append(spec) or honest(spec, device))
    one, two = spec_of(), spec_of({"dropout": 0.1})
    found = calibrate([one, two], Execution(device="cpu"))
    assert order == [one, two] * calibration.ROUNDS
    assert [len(rounds) for rounds in found] == [calibration.ROUNDS] * 2
    assert all(0 < seconds < 5 for rounds in found for seconds in rounds)


def test_slow_runs_are_timed_in_fewer_rounds_and_steps(monkeypatch):
    steps = []
    monkeypatch.setattr(calibration, "SECONDS_OF_ALL", 0.0)
    monkeypatch.setattr(calibration, "SECONDS_OF_A_ROUND", 0.0)
    monkeypatch.setattr(calibration, "synchronize", lambda device: steps.append(device))
    assert len(calibrate([spec_of()], Execution(device="cpu"))[0]) == calibration.LEAST_ROUNDS
    assert len(steps) == calibration.LEAST_ROUNDS * (calibration.WARM_UP + calibration.LEAST_STEPS)
