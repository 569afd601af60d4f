"""The benchmarks in their toy form, and the rules by which they time, compare, record and go on."""

import itertools
import json
import os
import subprocess
import sys
import time
from dataclasses import replace

import pytest
import torch

from benchmarks import cpu, gpu
from benchmarks.measure import machine
from benchmarks.measure.deadline import Deadline, TimeUp
from benchmarks.measure.peak import mfu
from benchmarks.measure.rounds import compared, interleave, median_with_interval
from benchmarks.peers import contest, decoding
from benchmarks.peers.size import Size
from benchmarks.peers.transformers_library import FAMILIES, beside_ours
from benchmarks.stages import STAGES
from benchmarks.stages.cpu import CPU_STAGES
from benchmarks.stages.runner import run_stages
from benchmarks.stages.stage import Bench, Stage, Unfinished
from benchmarks.stages.sweep import SliceOver, interrupted_after
from benchmarks.stages.training import TINY, TOYS
from repository import ROOT

CPU = torch.device("cpu")
GPU_TOY = ("--device", "cpu", "--toy", "--minutes", "5")


def python(*words, cwd, **environment):
    command = [sys.executable, str(ROOT / "benchmarks" / words[0]), *words[1:]]
    env = {**os.environ, **environment}
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, check=False, env=env)


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    """Every stage once, started from another folder; the folder it filled."""
    out = tmp_path_factory.mktemp("gpu")
    done = python("gpu.py", "--out", str(out), *GPU_TOY, cwd=out)
    assert done.returncode == 0, done.stderr[-4000:]
    return out


def read(folder, stage):
    return json.loads((folder / f"{stage}.json").read_text(encoding="utf-8"))


def test_without_cuda_it_says_so_in_one_line(tmp_path):
    done = python("gpu.py", "--out", str(tmp_path / "out"), cwd=tmp_path, CUDA_VISIBLE_DEVICES="")
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    assert "no CUDA" in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_cpu_is_refused_where_it_is_not_for_show(tmp_path, capsys):
    assert gpu.main(["--out", str(tmp_path), "--device", "cpu"]) == 2
    assert "--toy" in capsys.readouterr().err


def test_a_missing_package_is_named(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(gpu, "NEEDED", ("torch", "no_such_package"))
    assert gpu.main(["--out", str(tmp_path), *GPU_TOY]) == 2
    assert "no_such_package" in capsys.readouterr().err


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_runs_on_a_cpu_and_records_where_it_was_made(toy, stage):
    content = read(toy, stage)
    assert {case["state"] for case in content["cases"].values()} == {"done"}
    made = content["made"]
    assert made["versions"]["torch"] == torch.__version__
    assert {"device", "versions", "cuda", "driver", "commit", "dirty", "sources", "threads"} <= set(made)
    assert made["toy"]


def test_the_stages_of_the_command_line_are_those_there_are():
    assert tuple(STAGES) == gpu.NAMES
    assert tuple(stage.name for stage in CPU_STAGES) == cpu.NAMES


def test_training_compares_eager_and_compiled_arms(toy):
    cases = read(toy, "training")["cases"]
    assert set(cases) == set(TOYS)
    for record in cases.values():
        assert len(record["rounds"]) == 2
        assert record["parameters"]["ours"] == record["parameters"]["transformers"]
        assert record["flops_per_step"] > 0
        assert record["mfu"]["ours"]["mfu"] is None
        assert "no peak" in record["mfu"]["ours"]["reason"]
        pairs = {(row["arm"], row["as"]) for row in record["times_as_fast"]}
        assert {("ours", "transformers"), ("ours, compiled", "transformers, compiled")} <= pairs


def test_kernels_name_what_ran_for_every_precision(toy):
    cases = read(toy, "kernels")["cases"]
    assert {record["precision"] for record in cases.values()} == {"float32", "bf16"}
    assert all(record["attention"] for record in cases.values())
    assert "t5 decoder cross_attention bf16 padded" in cases


def test_a_window_is_attended_to_in_blocks_that_equal_the_dense_mask(toy):
    (record,) = read(toy, "window")["cases"].values()
    assert record["kernels"] == {"ours": ["local", "sdpa:mask"], "dense mask": ["sdpa:mask"], "causal": ["sdpa:causal"]}
    assert record["apart"] < 1e-5  # float32: the order of sums is all that may differ
    assert {(row["arm"], row["as"]) for row in record["times_as_fast"]} == {("ours", "causal"), ("ours", "dense mask")}


def test_decoding_gives_the_library_s_tokens(toy):
    cases = read(toy, "decode")["cases"]
    assert all(record["equal_tokens"] == 1.0 for name, record in cases.items() if "float32" in name)


def test_figures_and_the_report_lie_beside_the_records(toy):
    drawn = ("certificate", "kernels", "window", "training", "decode")
    assert all((toy / f"{name}.{ending}").stat().st_size for name in drawn for ending in ("png", "svg"))
    assert (toy / "report" / "index.html").exists()


def test_the_cpu_benchmark_compares_every_peer(tmp_path):
    assert cpu.main(["--toy", "--out", str(tmp_path)]) == 0
    found = read(tmp_path, "training")["cases"]
    assert {row["as"] for row in found["gpt-2"]["times_as_fast"]} >= {"transformers", "plain GPT-2"}
    assert {"bert", "t5", "bart", "torch decoder", "torch encoder-decoder"} <= set(found)
    # one row of matrix products after the other: the same numbers in the same order, or nearly
    assert all(max(record["logits_apart"].values()) < 1e-5 for record in found.values())
    assert read(tmp_path, "training")["made"]["threads"] == 1


class Made(Stage):
    """A stage of given cases."""

    name = "made-up"

    def __init__(self, **calls):
        self.calls = calls
        self.ran = []

    def cases(self, bench):
        for name, call in self.calls.items():
            yield name, lambda name=name, call=call: self.ran.append(name) or call()

    def told(self, record):
        return str(record["value"])

    def draw(self, records):
        return None


def bench(out, minutes=1.0):
    return Bench(out=out, device=CPU, toy=True, deadline=Deadline(minutes))


def raising(error):
    def call():
        raise error

    return call


def fine():
    return {"value": 1}


def test_a_case_that_fails_is_recorded_and_the_others_still_run(tmp_path):
    stage = Made(first=raising(RuntimeError("out of luck")), second=fine)
    assert run_stages([stage], bench(tmp_path), {}) == 1
    cases = read(tmp_path, "made-up")["cases"]
    assert cases["first"]["state"] == "failed"
    assert "out of luck" in cases["first"]["error"]
    assert "RuntimeError" in cases["first"]["traceback"]
    assert (cases["second"]["state"], cases["second"]["value"]) == ("done", 1)


def test_a_stage_that_cannot_list_its_cases_does_not_stop_the_next(tmp_path):
    class Broken(Made):
        name = "broken"

        def cases(self, bench):
            raise ValueError("no cases")
            yield

    assert run_stages([Broken(), Made(only=fine)], bench(tmp_path), {}) == 1
    assert read(tmp_path, "made-up")["cases"]["only"]["state"] == "done"


def test_a_failed_case_is_tried_again_and_a_finished_one_is_not(tmp_path):
    run_stages([Made(first=raising(RuntimeError()), second=fine)], bench(tmp_path), {})
    again = Made(first=fine, second=fine)
    assert run_stages([again], bench(tmp_path), {}) == 0
    assert again.ran == ["first"]


def test_records_of_other_code_are_set_aside(tmp_path):
    run_stages([Made(first=fine)], bench(tmp_path), {"sources": "old"})
    again = Made(first=fine)
    assert run_stages([again], bench(tmp_path), {"sources": "new"}) == 0
    assert again.ran == ["first"]
    assert len(list(tmp_path.glob("made-up-*.json"))) == 1


def test_time_that_is_up_leaves_cases_for_the_next_call(tmp_path):
    stage = Made(first=fine, second=fine)
    assert run_stages([stage], bench(tmp_path, minutes=0), {}) == 5
    assert stage.ran == []
    assert run_stages([stage], bench(tmp_path), {}) == 0


def test_an_unfinished_case_keeps_its_record_and_goes_on(tmp_path):
    stage = Made(first=raising(Unfinished({"value": 7})), second=raising(TimeUp()))
    assert run_stages([stage], bench(tmp_path), {}) == 5
    cases = read(tmp_path, "made-up")["cases"]
    assert list(cases) == ["first"]
    assert (cases["first"]["state"], cases["first"]["value"]) == ("unfinished", 7)


def test_a_number_without_a_word_in_json_is_kept_as_text(tmp_path):
    run_stages([Made(first=lambda: {"value": float("nan")})], bench(tmp_path), {})
    assert read(tmp_path, "made-up")["cases"]["first"]["value"] == "nan"


def test_a_sweep_without_time_is_unfinished(tmp_path):
    assert run_stages([STAGES["sweep"]], bench(tmp_path, minutes=0.01), {}) == 5
    assert read(tmp_path, "sweep")["cases"]["toy"]["state"] == "unfinished"


def test_a_slice_is_interrupted_where_it_stands():
    with pytest.raises(SliceOver), interrupted_after(0.05):
        time.sleep(30)
    time.sleep(0.06)  # no second alarm is left behind


def test_rounds_rotate_and_drop_the_first():
    order = []
    arms = {name: lambda name=name: order.append(name) for name in "abc"}
    rounds = interleave(arms, lambda call, repeats: call() or float(len(order)), rounds=3, repeats=1)
    assert "".join(order) == "abcbcacababc"
    assert [taken["a"] for taken in rounds] == [6.0, 8.0, 10.0]


def test_too_few_rounds_before_the_deadline_are_none():
    with pytest.raises(TimeUp):
        interleave({"a": lambda: None}, lambda call, repeats: 1.0, rounds=9, repeats=1, deadline=Deadline(0))


def test_ratios_are_taken_within_a_round():
    rounds = [{"ours": 1.0, "theirs": 2.0}, {"ours": 10.0, "theirs": 30.0}, {"ours": 2.0, "theirs": 2.0}]
    found = compared(rounds, [("ours", "theirs")])
    assert found["times_as_fast"][0]["median"] == 2.0
    assert found["seconds"] == {"ours": 2.0, "theirs": 2.0}


@pytest.mark.parametrize(("n", "low", "high"), [(6, 1, 6), (9, 2, 8), (15, 4, 12), (20, 6, 15)])
def test_the_interval_of_a_median_is_that_of_the_sign_test(n, low, high):
    # textbook ranks at 95 %, Conover 1999, table A3
    found = median_with_interval([float(value) for value in range(1, n + 1)])
    assert (found["low"], found["high"]) == (low, high)
    assert 0.95 <= found["coverage"] < 1


def test_the_interval_of_a_median_holds_it_as_often_as_it_says():
    n = 8
    found = median_with_interval([float(value) for value in range(n)])
    low = int(found["low"])
    # signs of the differences from the true median are fair coins
    held = sum(low < sum(signs) < n - low for signs in itertools.product((0, 1), repeat=n)) / 2**n
    assert found["coverage"] == pytest.approx(held)


def test_five_values_have_no_interval():
    assert median_with_interval([1.0, 2.0, 3.0, 4.0, 5.0])["low"] is None


def test_mfu_divides_by_the_peak_of_the_device_by_name():
    assert mfu(989e12, 2.0, "NVIDIA H100 80GB HBM3")["mfu"] == pytest.approx(0.5)
    assert mfu(989e12, 1.0, "NVIDIA H200")["mfu"] == pytest.approx(1.0)
    assert mfu(756e12, 1.0, "NVIDIA H100 PCIe")["mfu"] == pytest.approx(1.0)
    unknown = mfu(1e12, 1.0, "Abacus 3")
    assert unknown["mfu"] is None
    assert "Abacus 3" in unknown["reason"]


RULES = contest.Rules(precision="float32", compiler=None, rounds=1, repeats=1)


@pytest.mark.parametrize("entry", FAMILIES)
def test_other_weights_void_the_times(entry):
    size = Size(**TINY, source=12 if entry in ("t5", "bart") else 0)
    field = beside_ours(entry, size)
    with torch.no_grad():
        for parameter in field.ours.model.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.1)
    with pytest.raises(contest.Void, match="logits differ") as caught:
        contest.contest(field, CPU, RULES, Deadline(1))
    assert "rounds" not in caught.value.record


def test_another_loss_voids_the_times():
    field = beside_ours("gpt-2", Size(**TINY))
    ours = field.ours
    worse = replace(ours, forward=lambda model, inputs: ours.forward(model, inputs) * (3.0 if model.training else 1.0))
    apart = replace(field, ours=worse, others=[replace(field.others[0], same_weights=True)])
    with pytest.raises(contest.Void):
        contest.contest(apart, CPU, RULES, Deadline(1))


def test_other_tokens_void_the_decoding():
    field = beside_ours("gpt-2", Size(**TINY, room=6))
    with torch.no_grad():
        field.ours.model.embedding.table.weight.copy_(field.ours.model.embedding.table.weight.flip(0))
    with pytest.raises(contest.Void, match="equal"):
        decoding.decoding(field, CPU, decoding.Rules(6, "float32", 1), Deadline(1))


def test_the_digest_of_the_sources_ignores_results():
    assert machine.sources_digest() == machine.sources_digest()
    assert machine.RESULTS.parent == ROOT / "benchmarks"
