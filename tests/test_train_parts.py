"""Schedules, optimizers, clipping, precision, devices and settings, one by one."""

import math
from dataclasses import replace
from itertools import pairwise

import pytest
import torch
from torch import nn

from catalog import resolve
from catalog.errors import CatalogError
from catalog.located import LocatedMap, Mark
from harness.train.device import StepNoise, autocast, choose_device
from harness.train.kernels import kernels_of, observe, observe_compiled
from harness.train.optimizer import OPTIMIZERS, clip_gradients, make_optimizers
from harness.train.options import fill, parse
from harness.train.roles import groups_of, roles_of
from harness.train.schedule import SCHEDULES, factor
from harness.train.verdict import baseline_nats, has_diverged
from harness.train.weights import load_weights, put_tensors, save_weights, tensors_of
from train_stand_in import TinyModel
from variants import build_model, shrink
from variants.parts import Position

BASE = {"steps": 10, "batch_size": 8, "learning_rate": 1e-3}


def factors(schedule, steps=10, warmup=4):
    part = parse({**BASE, "schedule": schedule}).schedule
    return [factor(part, step, steps, warmup) for step in range(1, steps + 1)]


@pytest.mark.parametrize("kind", SCHEDULES.functions)
def test_every_schedule_warms_up_in_a_line_to_the_peak_and_never_rises_after(kind):
    values = factors(kind)
    assert values[:4] == [0.25, 0.5, 0.75, 1.0]
    assert all(0 < later <= earlier <= 1 for earlier, later in pairwise(values[3:]))


def test_cosine_is_half_way_down_in_the_middle_and_stops_at_its_floor():
    assert factors("cosine", steps=12)[8] == pytest.approx(0.5)
    floored = factors({"kind": "cosine", "floor": 0.1}, steps=1000, warmup=0)
    assert floored[-1] == pytest.approx(0.1, abs=1e-4)


def test_inverse_sqrt_halves_when_the_step_is_four_times_the_warm_up():
    assert factors("inverse_sqrt", steps=16)[15] == pytest.approx(0.5)


def test_wsd_is_flat_until_its_decay_whatever_the_number_of_steps():
    short, long = (factors({"kind": "wsd", "decay": 0.5, "shape": "linear"}, steps) for steps in (20, 40))
    assert short[:10] == long[:10] == [0.25, 0.5, 0.75, *[1.0] * 7]
    assert short[10:] == pytest.approx([1 - i / 10 for i in range(10)])
    assert factors({"kind": "wsd", "decay": 0.5, "floor": 0.1}, steps=20)[-1] == pytest.approx(1 - 0.9 * 0.9**0.5)


@pytest.mark.parametrize("kind", SCHEDULES.functions)
def test_a_schedule_of_one_step_without_warm_up_has_a_rate(kind):
    assert factors(kind, steps=1, warmup=0)[0] == pytest.approx(1.0, abs=0.3)


def test_a_warm_up_below_one_is_a_share_of_the_steps():
    assert parse({**BASE, "warmup": 0.25, "steps": 40}).warmup_steps == 10
    assert parse({**BASE, "warmup": 3}).warmup_steps == 3


def mixed_model():
    """A tiny model with attention, experts and a state-space mixer."""
    return build_model(shrink(resolve("jamba", None, {})), device="meta")


class Scheme(Position):
    def __init__(self):
        super().__init__()
        self.table = nn.Parameter(torch.zeros(4, 4))


def test_every_parameter_has_one_role():
    model = TinyModel()
    model.scheme = Scheme()
    assert {role: list(named) for role, named in roles_of(model).items() if named} == {
        "matrix": ["mix.weight"],
        "table": ["embedding.weight", "source_embedding.weight"],
        "position": ["scheme.table"],
        "bias": ["mix.bias"],
        "other": ["gain"],
    }


def test_a_real_model_has_its_experts_gates_and_state_in_their_roles():
    roles = {role: {name.split(".", 3)[-1] for name in named} for role, named in roles_of(mixed_model()).items()}
    assert {"branches.ffn.experts.gate.weight", "branches.recurrence.conv.weight"} <= roles["stack"]
    assert {"branches.ffn.router.weight", "branches.attention.qkv.weight"} <= roles["matrix"]
    # a table of decays is no matrix that maps anything, and decay would pull the memory's length
    assert "branches.recurrence.log_decay" in roles["other"]
    assert roles["head"] == {"weight"}  # of head.project


@pytest.mark.parametrize("kind", OPTIMIZERS.functions)
def test_decay_shrinks_only_the_decayed_parameters(kind):
    model = TinyModel()
    before = {name: tensor.clone() for name, tensor in tensors_of(model).items()}
    optimizers = make_optimizers(model, parse({**BASE, "optimizer": kind}).optimizer, 0.5, "cpu")
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = 0.1
        optimizer.step()
    changed = [name for name, tensor in tensors_of(model).items() if not torch.equal(tensor, before[name])]
    assert changed == ["mix.weight"]
    # one step at rate 0.1 with decay 0.5 takes a twentieth away
    assert torch.allclose(model.mix.weight, before["mix.weight"] * 0.95)


def test_muon_takes_the_hidden_matrices_and_adamw_all_else():
    model = TinyModel()
    held = groups_of(make_optimizers(model, parse({**BASE, "optimizer": "muon"}).optimizer, 0.5, "cpu"), model)
    assert [(group["optimizer"], group["weight_decay"], list(group["roles"])) for group in held] == [
        ("Muon", 0.5, ["matrix"]),
        ("AdamW", 0.0, ["table", "bias", "other"]),
    ]
    assert held[0]["roles"]["matrix"] == {"tensors": 1, "parameters": 8 * 24}


def test_an_update_of_muon_has_singular_values_of_one_size():
    model = TinyModel()
    before = model.mix.weight.detach().clone()
    (matrices, _) = make_optimizers(model, parse({**BASE, "optimizer": "muon"}).optimizer, 0.0, "cpu")
    model.mix.weight.grad = torch.randn(24, 8) @ torch.diag(torch.logspace(0, -1, 8))
    matrices.param_groups[0]["lr"] = 1.0
    matrices.step()
    values = torch.linalg.svdvals(before - model.mix.weight.detach())
    # five steps of its iteration in bf16 leave them between 0.7 and 1.2 of 0.2 sqrt(24)
    assert values.max() / values.min() < 2
    assert values.mean() == pytest.approx(0.2 * 24**0.5, rel=0.15)


def test_clipping_bounds_the_joint_norm_as_torch_does():
    parameters = [nn.Parameter(torch.randn(5, 3)) for _ in range(4)]
    for limit in (0.5, 100.0):
        gradients = [torch.randn(5, 3) for _ in parameters]
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = gradient.clone()
        clip_gradients(parameters, limit)
        ours = [p.grad.clone() for p in parameters]
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = gradient.clone()
        nn.utils.clip_grad_norm_(parameters, limit)
        assert all(torch.allclose(a, p.grad) for a, p in zip(ours, parameters, strict=True))


def test_noise_is_a_function_of_seed_and_step():
    def draw(seed, step):
        StepNoise(seed, torch.device("cpu"))(step)
        return torch.rand(3).tolist()

    assert draw(1, 7) == draw(1, 7)
    assert len({tuple(draw(seed, step)) for seed in (1, 2) for step in (7, 8)}) == 4


def test_settings_are_filled_in_and_faults_are_told_together():
    filled = fill({**BASE, "optimizer": {"kind": "sgd"}})
    assert filled["optimizer"] == {"kind": "sgd", "momentum": 0.9, "nesterov": False}
    assert filled["schedule"] == {"kind": "cosine", "floor": 0.0}
    assert fill(filled) == filled
    with pytest.raises(CatalogError) as caught:
        parse({**BASE, "steps": 0, "schedule": "cosin", "clipp": 1, "precision": "fp8"})
    told = str(caught.value)
    assert "train.clipp: train has no such option" in told
    assert "did you mean clip?" in told
    assert "did you mean cosine?" in told
    assert "train.precision: does not fit (got 'fp8'; allowed: float32 | bf16)" in told
    assert "train.steps: does not fit (got 0; allowed: a whole number of at least 1)" in told


def test_an_option_of_another_optimizer_is_refused():
    with pytest.raises(CatalogError, match=r"train\.optimizer\.beta1: sgd has no such option"):
        parse({**BASE, "optimizer": {"kind": "sgd", "beta1": 0.8}})


@pytest.mark.parametrize(
    ("field", "value"), [("accumulate", 3), ("warmup", 1.5), ("warmup", 11), ("label_smoothing", 1)]
)
def test_fields_that_do_not_go_together_are_refused(field, value):
    given = LocatedMap({**BASE})
    given.put(field, value, Mark("sweep.yaml", 7))
    with pytest.raises(CatalogError, match=rf"sweep.yaml:7: train.{field}: .*got {value}"):
        parse(given)


@pytest.mark.parametrize(
    ("part", "field"),
    [
        ({"kind": "sgd", "momentum": 0.0, "nesterov": True}, "nesterov"),
        ({"kind": "sgd", "momentum": 1.0}, "momentum"),
        ({"kind": "adamw", "beta2": 1.0}, "beta2"),
        ({"kind": "muon", "ns_steps": 100}, "ns_steps"),
    ],
)
def test_what_an_optimizer_could_not_use_is_refused_at_its_line(part, field):
    optimizer = LocatedMap()
    for place, (name, value) in enumerate(part.items(), 8):
        optimizer.put(name, value, Mark("sweep.yaml", place))
    line = 8 + list(part).index(field)
    with pytest.raises(CatalogError, match=rf"sweep.yaml:{line}: train.optimizer.{field}: .*allowed: "):
        parse({**BASE, "optimizer": optimizer})


def test_a_device_that_is_not_here_is_refused(monkeypatch):
    with pytest.raises(ValueError, match=r"device: not on this machine \(got 'tpu'; allowed: .*cpu\)"):
        choose_device("tpu")
    monkeypatch.setenv("BESTIARY_DEVICE", "cpu")
    assert choose_device() == torch.device("cpu")
    monkeypatch.setenv("BESTIARY_DEVICE", "abacus")
    with pytest.raises(ValueError, match="abacus"):
        choose_device()


def test_bf16_lowers_products_and_float32_is_left_alone():
    a = torch.ones(2, 2)
    for precision, dtype in (("bf16", torch.bfloat16), ("float32", torch.float32)):
        with autocast(torch.device("cpu"), precision):
            assert (a @ a).dtype == dtype


def test_the_kernels_that_ran_are_told_apart():
    q = torch.randn(1, 2, 4, 8, requires_grad=True)
    sdpa = nn.functional.scaled_dot_product_attention
    assert observe(lambda: sdpa(q, q, q, is_causal=True)) == {"sdpa-cpu-flash"}
    assert observe_compiled(lambda: sdpa(q, q, q, is_causal=True)) == {"sdpa-cpu-flash"}
    # dropout has no fused kernel on the CPU
    assert observe(lambda: sdpa(q, q, q, dropout_p=0.5)) == {"sdpa-math"}
    assert observe_compiled(lambda: sdpa(q, q, q, dropout_p=0.5)) == {"sdpa-math"}
    assert observe(lambda: q.softmax(-1)) == set()
    assert kernels_of(["aten::_scaled_dot_product_cudnn_attention", "aten::mm"]) == {"sdpa-cudnn"}


def test_divergence_is_a_loss_that_is_not_finite_or_above_the_trivial_row_less_the_margin():
    trivial = {"bigram": {"val": 2.0}, "unigram": {"val": 3.0}}
    assert baseline_nats(trivial) == 3.0
    assert baseline_nats({}) is None
    assert has_diverged(math.nan, {}, None)
    assert not has_diverged(99.0, trivial, None)
    assert [has_diverged(loss, trivial, 0.1) for loss in (2.8, 2.95, 3.0)] == [False, True, True]


def test_tied_weights_are_written_once_and_come_back(tmp_path):
    one, two = TinyModel(), TinyModel()
    save_weights(one, tmp_path / "model.safetensors")
    load_weights(two, tmp_path / "model.safetensors")
    assert "out.weight" not in tensors_of(two)
    assert all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), two.state_dict().values(), strict=True))
    assert two.out.weight is two.embedding.weight
    assert [file.name for file in tmp_path.iterdir()] == ["model.safetensors"]


def test_weights_of_another_model_are_refused():
    tensors = tensors_of(TinyModel())
    with pytest.raises(ValueError, match=r"names differ \(gain\)"):
        put_tensors(TinyModel(), {name: t for name, t in tensors.items() if name != "gain"})
    with pytest.raises(ValueError, match=r"gain has shape \(3,\), not \(8,\)"):
        put_tensors(TinyModel(), {**tensors, "gain": torch.ones(3)})


def test_options_without_a_batch_size_of_their_own_evaluate_in_training_batches():
    options = parse(BASE)
    assert options.rows_per_evaluation == 8
    assert replace(options, eval_batch_size=32).rows_per_evaluation == 32
