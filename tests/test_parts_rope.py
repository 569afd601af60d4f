"""Rotary positions of longer contexts against transformers' own rates, and their certificate."""

import pytest
import torch

from catalog import CatalogError
from catalog.access import resolve
from part_checks import CLOSE, GAPS, assert_cached_equals_full, assert_certified, assert_gaps_are_skipped
from specs import build, decoder_spec, distance, encoder_spec, tokens
from variants import Beam, generate
from variants.builder import build_model
from variants.context import Context

FACTORS = {"short_factors": [1.0, 1.1, 1.3, 1.4], "long_factors": [1.0, 1.5, 3.0, 6.0]}
KINDS = {
    "rope_linear": {"factor": 4.0},
    "rope_dynamic": {"factor": 2.0, "trained_length": 6},
    "rope_llama3": {"factor": 8.0, "trained_length": 16},
    "rope_yarn": {"factor": 4.0, "trained_length": 16, "beta_fast": 2.0},
    "rope_longrope": {**FACTORS, "trained_length": 6},
}


def model_of(kind, **options):
    position = {"kind": kind, **KINDS[kind], **options}
    return decoder_spec([{"attention": {"kind": "softmax", "n_heads": 4}}, {"ffn": "mlp"}], position=position)


@pytest.mark.parametrize("kind", KINDS)
def test_a_scaled_rotary_scheme_passes_the_certificate(kind):
    assert_certified(model_of(kind))


@pytest.mark.parametrize("kind", ["rope_linear", "rope_llama3", "rope_yarn"])
def test_gaps_are_skipped_and_the_cache_agrees(kind):
    model = build(model_of(kind, ids="mask"))
    assert_gaps_are_skipped(model)
    assert_cached_equals_full(model, GAPS)


THEIRS = {
    "rope_linear": {"rope_type": "linear", "factor": 4.0},
    "rope_dynamic": {"rope_type": "dynamic", "factor": 2.0},
    "rope_llama3": {
        "rope_type": "llama3",
        "factor": 8.0,
        "original_max_position_embeddings": 16,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
    },
    "rope_yarn": {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 16, "beta_fast": 2.0},
    "rope_longrope": {
        "rope_type": "longrope",
        "short_factor": FACTORS["short_factors"],
        "long_factor": FACTORS["long_factors"],
        "original_max_position_embeddings": 6,
        "factor": 4.0,
    },
}


@pytest.mark.parametrize("length", [5, 11])
@pytest.mark.parametrize("kind", KINDS)
def test_rates_and_amplitude_equal_those_of_transformers(kind, length):
    transformers = pytest.importorskip("transformers")
    from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

    config = transformers.LlamaConfig(
        hidden_size=32,
        num_attention_heads=4,
        max_position_embeddings=6 if kind == "rope_dynamic" else 24,
        rope_parameters={"rope_theta": 10000.0, **THEIRS[kind]},
    )
    compute = ROPE_INIT_FUNCTIONS[THEIRS[kind]["rope_type"]]
    rates, amplitude = compute(config, torch.device("cpu"), seq_len=length)
    ours = build_model(model_of(kind)).decoder.positions[0]
    context = Context(1, length, torch.device("cpu"))
    assert distance(ours.rates(8, torch.float32, context), rates) < 1e-6
    assert ours.amplitude() == pytest.approx(amplitude)


def test_while_decoding_all_keys_share_the_base_of_the_whole_text():
    model = build(model_of("rope_dynamic"))
    x = torch.arange(10)[None]
    state = model.new_state(1, 10)
    pieces = [model.run(x[:, t : t + 1], state=state).logits for t in range(10)]
    assert distance(torch.cat(pieces, 1), model(x)) < CLOSE


@pytest.mark.parametrize("kind", ["rope_dynamic", "rope_longrope"])
def test_a_continuation_is_that_of_the_text_as_it_stands_whatever_room_was_asked_for(kind):
    model, x = build(model_of(kind)), tokens(2, 4)
    made, text = generate(model, x, max_new_tokens=9), x
    for _ in range(9):
        text = torch.cat([text, model(text)[:, -1:].argmax(-1)], 1)
    assert torch.equal(made, text[:, 4:])
    for fewer in (2, 4):
        assert torch.equal(generate(model, x, max_new_tokens=fewer), made[:, :fewer])
        beam = generate(model, x, max_new_tokens=fewer, sampling=Beam(width=1, length_penalty=0.0))
        assert torch.equal(beam, made[:, :fewer])


@pytest.mark.parametrize("kind", ["rope_dynamic", "rope_longrope"])
def test_a_short_text_beside_a_long_one_goes_on_as_it_does_alone(kind):
    model, x = build(model_of(kind)), tokens(2, 8)
    mask = torch.ones(2, 8, dtype=torch.bool)
    mask[0, :5] = False
    made = generate(model, x, padding_mask=mask, max_new_tokens=8)
    assert torch.equal(made[:1], generate(model, x[:1, 5:], max_new_tokens=8))
    assert torch.equal(made[1:], generate(model, x[1:], max_new_tokens=8))


def test_lists_of_another_length_than_the_pairs_are_refused():
    with pytest.raises(ValueError, match="short_factors has 1 numbers"):
        build_model(model_of("rope_longrope", short_factors=[1.0]), device="meta")


@pytest.mark.parametrize(
    ("position", "heads", "message"),
    [
        ({"kind": "rope"}, {"d_head": 5}, "d_head=5 is odd, .* allowed: an even number from 2 to 4"),
        ({"kind": "rope", "dim": 3}, {}, "dim=3 .* allowed: an even number from 2 to 8"),
        ({"kind": "rope_values", "dim": 10}, {}, "dim=10 .* allowed: an even number from 2 to 8"),
        ({"kind": "rope_dynamic", "factor": 2.0, "trained_length": 6, "dim": 2}, {}, "dim=2 must be 4 or more"),
        ({"kind": "randomised", "longest": 64, "scheme": "rope"}, {"d_head": 5}, "d_head=5 is odd"),
    ],
)
def test_heads_that_cannot_turn_are_refused_when_the_model_is_built(position, heads, message):
    with pytest.raises(ValueError, match=message):
        build_model(decoder_spec([{"attention": {"kind": "softmax", **heads}}], position=position), device="meta")


def test_rotated_values_turn_with_their_own_position():
    attention = [{"attention": {"kind": "softmax", "n_heads": 4}}, {"ffn": "mlp"}]
    assert_certified(decoder_spec(attention, position="rope_values"))
    assert_certified(encoder_spec(attention, position="rope_values"))
    scheme = build_model(decoder_spec(attention, position="rope_values")).decoder.positions[0]
    v, context = torch.randn(1, 4, 3, 8), Context(1, 3, torch.device("cpu"))
    assert distance(scheme.rotate_values(v, context), scheme.rotate(v, v, context)[1]) < CLOSE


def test_attention_that_does_not_rotate_values_refuses_a_scheme_that_does():
    with pytest.raises(CatalogError, match="acts through rotate_values, which attention latent"):
        resolve("deepseek-v2", overrides={"decoder.position": "rope_values"})
