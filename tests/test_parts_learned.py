"""Parts with few learned or rounded numbers: xIELU, gains by head, scores by layer, Falcon's biases, extra tokens."""

import pytest
import torch
from torch.nn import functional as F

from part_checks import CLOSE, GAPS, assert_cached_equals_full, assert_certified, assert_gaps_are_skipped
from specs import build, decoder_spec, distance, tokens
from variants.attention.softmax import SoftmaxAttention
from variants.builder import build_model
from variants.head_gains import HeadGains
from variants.weights.names import slots
from variants.xielu import XIELU

BARE = {"kind": "layer_norm", "gain": False, "bias": False}


def spec(position=(), ffn="mlp", **options):
    return decoder_spec([{"attention": {"kind": "softmax", "n_heads": 4, **options}}, {"ffn": ffn}], position=position)


@pytest.mark.parametrize(
    "model",
    [
        spec(ffn={"kind": "mlp", "activation": "xielu"}),
        spec(qk_norm=BARE, qk_gains=True, n_kv_heads=2),
        spec(scale_by_layer=True, position="alibi"),
        spec(position="alibi_bfloat16"),
    ],
    ids=["xielu", "qk_gains", "scale_by_layer", "alibi_bfloat16"],
)
def test_the_certificate_holds(model):
    assert_certified(model)


def test_xielu_equals_its_formula_and_starts_at_four_fifths():
    ours, x = XIELU().double(), torch.linspace(-3, 3, 40, dtype=torch.float64)
    p, n = F.softplus(ours.alpha_p), 0.5 + F.softplus(ours.alpha_n)
    assert torch.allclose(torch.cat([p, n]), torch.full((2,), 0.8, dtype=torch.float64), atol=1e-7)
    expected = torch.where(x > 0, p * x * x + x / 2, n * (x.exp() - 1 - x) + x / 2)
    assert distance(ours(x), expected) < CLOSE


def test_xielu_has_numbers_of_its_own_in_every_layer_and_moves_them():
    model = build(spec(ffn={"kind": "mlp", "activation": "xielu"}))
    model(tokens()).square().sum().backward()
    learned = [slot for slot in slots(model) if slot.name.startswith("ffn.activation.")]
    assert len(learned) == 4
    grads = [parameter.grad for name, parameter in model.named_parameters() if ".activation." in name]
    assert all(grad is not None and grad.abs() > 0 for grad in grads)


def test_gains_by_head_are_no_matrix_and_start_at_one():
    gains, x = HeadGains(3, 5), torch.randn(2, 3, 4, 5)
    assert torch.equal(gains(x), x)
    assert gains.weight.dim() == 1
    with torch.no_grad():
        dict(gains.named_slices())["1.weight"][2] = 2.0
    changed = gains(x)
    assert torch.equal(changed[:, 1, :, 2], 2 * x[:, 1, :, 2])
    changed[:, 1, :, 2] /= 2
    assert torch.equal(changed, x)


@pytest.mark.parametrize("options", [{}, {"qk_norm": BARE, "qk_norm_over": "flat"}])
def test_gains_by_head_need_a_norm_over_heads(options):
    with pytest.raises(ValueError, match="qk_gains=True needs a qk_norm"):
        build_model(spec(qk_gains=True, **options))


def test_scores_are_divided_by_the_number_of_the_layer_that_runs():
    # a block that two layers share: the second divides by two
    shared = build(decoder_spec([{"attention": {"kind": "softmax", "scale_by_layer": True}}], groups=[0, 0]))
    (attention,) = (module for module in shared.modules() if isinstance(module, SoftmaxAttention))
    seen = []
    attention.register_forward_hook(lambda _, given, __: seen.append(given[1].scale))
    shared(tokens())
    assert seen == [8**-0.5, 8**-0.5 / 2]


def test_a_block_of_the_first_layer_alone_has_no_layer_to_scale_by():
    one = decoder_spec([{"attention": {"kind": "softmax", "scale_by_layer": True}}], n_layers=1)
    with pytest.raises(ValueError, match="scale_by_layer=True divides by 1"):
        build_model(one)


def test_falcons_biases_are_those_of_alibi_scaled_where_bfloat16_is_exact():
    # slopes of four heads are powers of four, positions below 256 whole numbers; the scale of heads of 8 is 1/sqrt(8)
    falcon, plain = build(spec(position="alibi_bfloat16")), build(spec(position="alibi", scale=1.0))
    for module in falcon.modules():
        if isinstance(module, SoftmaxAttention):
            module.scale = 1.0
    assert distance(falcon(tokens()), plain(tokens())) < CLOSE


def test_falcons_biases_step_over_padding_and_do_the_same_with_a_cache():
    model = build(spec(position="alibi_bfloat16"))
    assert_gaps_are_skipped(model)
    assert_cached_equals_full(model, GAPS)


@pytest.mark.parametrize("tied", [True, False])
def test_extra_tokens_are_read_and_never_written(tied):
    parts = {"head": {"kind": "lm", "tied": tied}}
    plain = decoder_spec(model=parts)
    model = build(decoder_spec(model=parts | {"embedding": {"kind": "token", "extra_tokens": 2}}))
    size = plain["vocab_size"]
    x = torch.tensor([[size + 1, 3, size]])
    assert model(x).shape == (1, 3, size)
    assert model.embedding.table.num_embeddings == size + 2
    with pytest.raises(ValueError, match=f"tokens hold {size + 1}; allowed: 0 to {size - 1}"):
        build(plain)(x)
