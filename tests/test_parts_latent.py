"""Latent attention against transformers' module, with its small cache."""

import pytest
import torch

from part_checks import assert_cached_equals_full, assert_certified
from specs import build, decoder_spec, distance, encoder_spec, tokens
from variants.builder import build_model
from variants.context import Context

WIDTHS = {"n_heads": 4, "d_latent": 16, "d_content": 6, "d_rotary": 8, "d_value": 5}
ROPE = {"kind": "rope", "layout": "interleaved"}


def spec(make=decoder_spec, **options):
    attention = {"kind": "latent", **WIDTHS, **options}
    return make([{"attention": attention}, {"ffn": "mlp"}], position=ROPE)


@pytest.mark.parametrize("options", [{}, {"d_query_latent": 12, "bias": True}, {"stretch": 4.0, "sharpness": 0.7}])
def test_latent_attention_passes_the_certificate(options):
    assert_certified(spec(**options))


def test_an_encoder_may_have_it():
    assert_certified(spec(encoder_spec))


def test_only_the_latent_and_one_rotated_key_are_kept():
    model = build(spec())
    assert_cached_equals_full(model, torch.ones(3, 9, dtype=torch.bool))
    state = model.new_state(1, 7)
    model.run(tokens(1, 7), state=state)
    assert state.bytes() == 2 * 7 * (16 + 8) * 8  # layers, slots, numbers, bytes of float64


@pytest.mark.parametrize("query_latent", [None, 12])
def test_latent_attention_equals_the_one_of_transformers(query_latent):
    transformers = pytest.importorskip("transformers")
    from transformers.models.deepseek_v3.modeling_deepseek_v3 import DeepseekV3Attention, DeepseekV3RotaryEmbedding

    config = transformers.DeepseekV3Config(
        hidden_size=32,
        num_attention_heads=4,
        num_key_value_heads=4,
        q_lora_rank=query_latent,
        kv_lora_rank=16,
        qk_rope_head_dim=8,
        qk_nope_head_dim=6,
        v_head_dim=5,
        attn_implementation="eager",
    )
    theirs = DeepseekV3Attention(config, 0).double()
    model = build(spec(d_query_latent=query_latent))
    part = model.decoder.blocks[0].branches["attention"]
    pairs = {"kv_a_proj_with_mqa": part.down, "kv_a_layernorm": part.inner_norm, "o_proj": part.o}
    if query_latent:
        pairs |= {"q_a_proj": part.q_down, "q_a_layernorm": part.q_norm, "q_b_proj": part.q}
    else:
        pairs |= {"q_proj": part.q}
    values = {f"{name}.{key}": value for name, ours in pairs.items() for key, value in ours.state_dict().items()}
    k, v = part.up.weight.split([24, 20])
    values["kv_b_proj.weight"] = torch.cat([k.unflatten(0, (4, 6)), v.unflatten(0, (4, 5))], 1).flatten(0, 1)
    theirs.load_state_dict(values)
    x = torch.randn(2, 7, 32, dtype=torch.float64)
    turns = DeepseekV3RotaryEmbedding(config)(x, torch.arange(7)[None])
    hidden = torch.full((7, 7), float("-inf"), dtype=torch.float64).triu(1)[None, None]
    context = Context(2, 7, x.device, positions=tuple(model.decoder.positions))
    # their norm and softmax run in float32
    assert distance(part(x, context), theirs(x, turns, hidden)[0]) < 1e-5


def test_half_of_a_pair_of_options_is_refused():
    with pytest.raises(ValueError, match="given together"):
        build_model(spec(stretch=2.0))
