"""The mixture of experts against its formula, transformers' blocks, and its own three forms."""

import pytest
import torch
from torch.nn import functional as F

from part_checks import CLOSE, assert_certified
from specs import build, decoder_spec, distance, tokens
from variants.builder import build_model
from variants.context import Context
from variants.experts import ExpertForm, Experts, StackedOutput
from variants.routing import imbalance


def moe(router=None, **options):
    options |= {"kind": "moe", "d_ff": 24, "router": {"kind": "top_k", **(router or {})}}
    return decoder_spec([{"attention": "softmax"}, {"ffn": options}], n_layers=1)


def mixer(model):
    return model.decoder.blocks[0].branches["ffn"]


def run(part, x):
    return part(x, Context(x.shape[0], x.shape[1], x.device))


@pytest.mark.parametrize("softmax", ["before", "after"])
@pytest.mark.parametrize("gated", [True, False])
def test_moe_equals_its_formula(softmax, gated):
    part = mixer(build(moe({"softmax": softmax}, gated=gated, activation="relu", n_shared=1)))
    x = torch.randn(2, 5, 32, dtype=torch.float64)
    experts = part.experts
    logits = x @ part.router.weight.T
    best = logits.topk(2, -1).indices
    p = logits.softmax(-1) if softmax == "before" else logits.gather(-1, best).softmax(-1)
    p = p.gather(-1, best) if softmax == "before" else p
    expected = part.shared(x, Context(2, 5, x.device))
    for b in range(2):
        for t in range(5):
            for k in range(2):
                e = int(best[b, t, k])
                h = experts.up.weight[e] @ x[b, t]
                h = torch.relu(h) if not gated else torch.relu(experts.gate.weight[e] @ x[b, t]) * h
                expected[b, t] = expected[b, t] + p[b, t, k] * (experts.down.weight[e] @ h)
    assert distance(run(part, x), expected) < CLOSE


FORMS = {
    "gated": ExpertForm(F.silu),
    "plain": ExpertForm(F.silu, gated=False, bias=True),
    "clamped": ExpertForm(F.silu, bias=True, clamp=0.3),
    "input": ExpertForm(F.silu, weighs_input=True),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_the_looped_form_equals_the_dense_one_in_values_and_gradients(form):
    experts = Experts(5, 8, 12, form).double()
    for parameter in experts.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    x = torch.randn(11, 8, dtype=torch.float64, requires_grad=True)
    weights = torch.rand(11, 2, dtype=torch.float64, requires_grad=True)
    # expert 4 gets no token
    chosen = torch.stack([torch.randperm(4)[:2] for _ in range(11)])
    inputs = [x, weights, *experts.parameters()]
    plain = experts.dense(x, weights, chosen)
    clever = experts.looped(x, weights, chosen)
    assert distance(clever, plain) < CLOSE
    noise = torch.randn_like(plain)
    gradients = [torch.autograd.grad((y * noise).sum(), inputs) for y in (plain, clever)]
    for a, b in zip(*gradients, strict=True):
        assert distance(a, b) < CLOSE


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_grouped_form_equals_the_dense_one(dtype):
    experts = Experts(4, 16, 24, ExpertForm(F.silu, bias=True)).to(dtype)
    for parameter in experts.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    x, weights = torch.randn(9, 16, dtype=dtype), torch.rand(9, 2, dtype=dtype)
    chosen = torch.stack([torch.randperm(3)[:2] for _ in range(9)])
    # bfloat16 keeps 8 bits: sums of about one are off by some hundredths
    tolerance = 1e-5 if dtype == torch.float32 else 0.05
    assert distance(experts.grouped(x, weights, chosen), experts.dense(x, weights, chosen)) < tolerance


@pytest.mark.parametrize(("name", "softmax"), [("mixtral", "after"), ("olmoe", "before")])
def test_moe_equals_the_block_of_transformers(name, softmax):
    transformers = pytest.importorskip("transformers")
    options = {"hidden_size": 32, "intermediate_size": 24, "num_experts_per_tok": 2, "hidden_act": "silu"}
    if name == "mixtral":
        from transformers.models.mixtral.modeling_mixtral import MixtralSparseMoeBlock as Theirs

        config = transformers.MixtralConfig(**options, num_local_experts=4)
    else:
        from transformers.models.olmoe.modeling_olmoe import OlmoeSparseMoeBlock as Theirs

        config = transformers.OlmoeConfig(**options, num_experts=4, norm_topk_prob=False)
    config._experts_implementation = "eager"
    block, part = Theirs(config).eval(), mixer(build(moe({"softmax": softmax}))).float()
    with torch.no_grad():
        block.gate.weight.copy_(part.router.weight)
        block.experts.gate_up_proj.copy_(torch.cat([part.experts.gate.weight, part.experts.up.weight], 1))
        block.experts.down_proj.copy_(part.experts.down.weight)
    x = torch.randn(2, 6, 32)
    theirs = block(x)
    # float32: both round their sums
    assert distance(run(part, x), theirs[0] if isinstance(theirs, tuple) else theirs) < 1e-5


@pytest.mark.parametrize("capacity", [1, 2, 9])
def test_an_expert_with_a_capacity_takes_the_tokens_that_the_layer_of_transformers_takes(capacity):
    transformers = pytest.importorskip("transformers")
    from transformers.models.switch_transformers.modeling_switch_transformers import SwitchTransformersSparseMLP

    config = transformers.SwitchTransformersConfig(d_model=32, d_ff=24, num_experts=4, expert_capacity=capacity)
    router = {"n_active": 1, "softmax": "before", "capacity": capacity}
    layer = SwitchTransformersSparseMLP(config).eval()
    part = mixer(build(moe(router, gated=False, activation="relu"))).float()
    with torch.no_grad():
        layer.router.classifier.weight.copy_(part.router.weight)
        for i in range(4):
            layer.experts[f"expert_{i}"].wi.weight.copy_(part.experts.up.weight[i])
            layer.experts[f"expert_{i}"].wo.weight.copy_(part.experts.down.weight[i])
    x = torch.randn(2, 9, 32)
    passed_over = run(part, x).abs().amax(-1) == 0
    assert distance(run(part, x), layer(x)) < 1e-5  # float32: both round their sums
    assert bool(passed_over.any()) == (capacity < 9)


@pytest.mark.parametrize(
    "options",
    [
        {"router": {"balance": 0.1}},
        {"gated": False, "n_shared": 1},
        {"router": {"softmax": "before", "n_active": 1}},
        {"router": {"score": "sigmoid", "correction": True}},
        {"router": {"score": "sigmoid", "n_groups": 2, "n_active_groups": 1, "group_score": "top2"}},
        {"n_shared": 1, "shared_gate": True, "router": {"z_loss": 0.1, "scale": 2.5}},
        {"n_shared": 2, "d_shared": 12, "router": {"p_norm": 2.0}},
        {"router": {"correction": True, "correction_counts": True}},
        {"bias": True, "clamp": 0.5, "activation": "quick_gelu", "router": {"bias": True}},
        {"weighs": "input", "router": {"score": "sigmoid", "softmax": "before"}},
        {"n_shared": 1, "router": {"capacity": 2}},
    ],
    ids=lambda options: "-".join([*options, *options.get("router", ())]),
)
def test_moe_passes_the_certificate(options):
    assert_certified(moe(**options))


def test_chosen_weights_have_a_norm_of_one():
    router = mixer(build(moe({"p_norm": 3.0}))).router
    weights, _ = run(router, torch.randn(2, 5, 32, dtype=torch.float64))
    assert distance(weights.pow(3).sum(-1), torch.ones(2, 5, dtype=torch.float64)) < CLOSE


def test_a_counted_correction_routes_as_another_and_is_frozen():
    options = {"correction": True}
    plain, counted = (build_model(moe(options | {"correction_counts": counts})) for counts in (False, True))
    assert distance(plain(tokens()), counted(tokens())) == 0
    frozen = [name for name, parameter in counted.named_parameters() if not parameter.requires_grad]
    assert [name.rsplit(".", 2)[1:] for name in frozen] == [["choice", "values"]]
    total = [sum(parameter.numel() for parameter in model.parameters()) for model in (plain, counted)]
    assert total[1] - total[0] == 4


@pytest.mark.parametrize(
    ("router", "options", "said"),
    [
        ({"p_norm": 2.0, "softmax": "before"}, {}, "p_norm=2.0"),
        ({"correction_counts": True}, {}, "correction_counts=True"),
        ({}, {"d_shared": 8}, "d_shared=8"),
    ],
)
def test_an_option_without_what_it_acts_on_is_refused(router, options, said):
    with pytest.raises(ValueError, match=said):
        build_model(moe(router, **options))


def test_balance_is_one_when_even_and_the_number_of_experts_when_one_takes_all():
    even = torch.full((1, 4, 4), 0.25, dtype=torch.float64)
    assert distance(imbalance(even, torch.arange(4).reshape(1, 4, 1), None), torch.tensor(1.0)) < CLOSE
    one = F.one_hot(torch.zeros(1, 4, dtype=torch.int64), 4).double()
    assert distance(imbalance(one, torch.zeros(1, 4, 1, dtype=torch.int64), None), torch.tensor(4.0)) < CLOSE


def test_balance_counts_real_tokens_only():
    model = build(moe({"balance": 1.0}))
    x = tokens(2, 6)
    mask = torch.ones(2, 8, dtype=torch.bool)
    mask[:, 6:] = False
    padded = torch.cat([x, tokens(2, 2, seed=7)], 1)
    assert distance(model.run(padded, mask).aux["balance"], model.run(x).aux["balance"]) < CLOSE


def test_without_weight_there_is_no_auxiliary_loss():
    assert build(moe()).run(tokens()).aux == {}


def test_each_expert_starts_from_a_draw_that_more_experts_leave_alone():
    few, many = (mixer(build_model(moe(n_experts=n))).experts.up.weight for n in (4, 6))
    assert torch.equal(few, many[:4])
    assert not torch.equal(few[0], few[1])


def test_scaled_outputs_reach_the_experts():
    spec = moe() | {"init": {"kind": "normal", "std": 0.02, "scale_outputs": True}}
    plain = mixer(build_model(moe())).experts.down
    assert isinstance(plain, StackedOutput)
    assert distance(mixer(build_model(spec)).experts.down.weight * 2**0.5, plain.weight) < 1e-8


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"router": {"n_active": 5}}, "n_active=5"),
        ({"router": {"n_active": 1, "softmax": "after"}}, "never learns"),
        ({"shared_gate": True}, "n_shared=0"),
        ({"router": {"correction_speed": 0.1}}, "correction=False"),
        ({"router": {"n_groups": 3, "n_active_groups": 1}}, "does not divide"),
        ({"router": {"n_groups": 4, "n_active_groups": 2, "group_score": "top2"}}, "needs 2 experts"),
        ({"router": {"n_groups": 4, "n_active_groups": 1}}, "do not fit"),
        ({"router": {"n_groups": 2}}, "given together"),
        ({"router": {"group_score": "top2"}}, "no n_groups"),
        ({"weighs": "input", "bias": True}, "would write"),
        ({"weighs": "input", "router": {"capacity": 2}}, "would write"),
    ],
)
def test_moe_refuses_what_it_cannot_honour(options, message):
    with pytest.raises(ValueError, match=message):
        build_model(moe(**options))


def test_flops_count_active_experts_only():
    part = mixer(build_model(moe(n_shared=2), device="meta"))
    assert part.flops(7, 0) == 2 * 7 * (4 * 32 + 2 * 3 * 24 * 32 + 3 * 48 * 32)


def test_the_correction_moves_towards_even_loads_in_training_alone():
    model = build_model(moe({"correction": True, "correction_speed": 0.5, "n_active": 1, "softmax": "before"}))
    router = mixer(model).router
    x = tokens(2, 6)
    model.eval()(x)
    assert router.choice.values.count_nonzero() == 0
    model.train()(x)
    assert set(router.choice.values.tolist()) <= {-0.5, 0.0, 0.5}
    assert router.choice.values.count_nonzero() > 0


def test_only_experts_of_the_best_groups_are_chosen():
    router = mixer(build(moe({"n_groups": 2, "n_active_groups": 1}))).router
    _, chosen = router(torch.randn(3, 5, 32, dtype=torch.float64), Context(3, 5, torch.device("cpu")))
    assert torch.equal(chosen[..., 0] // 2, chosen[..., 1] // 2)
