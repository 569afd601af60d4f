"""Hidden states and attention weights, for probes and plots."""

import pytest
import torch

from specs import build, decoder_spec, distance, encoder_decoder_spec, encoder_spec, part, tokens
from use_samples import DECODERS, ENCODER_DECODERS, PREFIXED, WINDOW
from variants import capture_attention, encode
from variants.certificate.visibility import expected

CLOSE = 1e-10  # float64
GROUPED = {"kind": "softmax", "n_heads": 4, "n_kv_heads": 2}


def masked(length=7):
    mask = torch.ones(2, length, dtype=torch.bool)
    mask[1, length - 3 :] = False
    return mask


def test_an_encoder_decoder_is_encoded_by_its_encoder():
    model, x = build(ENCODER_DECODERS["seq2seq"]), tokens(2, 7)
    assert torch.equal(encode(model, x, masked()), model.encode(x, masked()))
    assert encode(model, x).shape == (2, 7, 32)


@pytest.mark.parametrize("spec", [encoder_spec(position="learned"), DECODERS["rope"], DECODERS["lstm"]])
def test_hidden_states_are_what_the_head_reads(spec):
    model, x = build(spec), tokens(2, 7)
    hidden = encode(model, x, masked())
    assert distance(hidden @ model.embedding.matrix().T, model(x, masked())) < CLOSE
    assert distance(encode(model, x[1:, :4])[0], hidden[1, :4]) < CLOSE


def test_hidden_states_of_a_pooled_model_come_one_per_slot():
    model = build(encoder_spec(position="learned", model={"head": part("head", "classifier")}))
    assert encode(model, tokens(2, 7)).shape == (2, 7, 32)


def test_segments_change_hidden_states_or_are_refused():
    model, x = build(encoder_spec(model={"embedding": part("embedding", "token", segments=2)})), tokens(2, 7)
    assert distance(encode(model, x, segments=(x > 9).long()), encode(model, x)) > 0.01
    with pytest.raises(ValueError, match="an encoder-decoder's source has none"):
        encode(build(encoder_decoder_spec()), x, segments=x)


@pytest.mark.parametrize(
    ("spec", "heads"),
    [
        (DECODERS["learned"], 4),
        (DECODERS["window-t5"], 4),
        (decoder_spec([{"attention": {**GROUPED, "softcap": 2.0}}, {"ffn": "mlp"}], position="rope"), 4),
        (encoder_spec([{"attention": GROUPED}, {"near": {"sort": "attention", **WINDOW}}, {"ffn": "mlp"}]), 4),
    ],
)
def test_a_query_weighs_the_keys_that_it_sees_and_no_others(spec, heads):
    model, x, mask = build(spec), tokens(2, 7), masked()
    captured = capture_attention(model, x, mask)
    stack = model.decoder or model.encoder
    branches = [name for names in stack.blocks[0].names for name in names if name != "ffn"]
    assert set(captured) == {(stack.blocks[0].stack, depth, name) for depth in (0, 1) for name in branches}
    for (_, depth, name), weights in captured.items():
        assert weights.shape == (2, heads, 7, 7)
        visible = expected(stack.blocks[depth].branches[name], 7, 0) & mask[:, None, None, :]
        real = mask[:, None, :, None].expand_as(weights)
        assert (weights[real & ~visible] == 0).all()
        assert (weights[real & visible] > 0).all()
        assert distance(weights.sum(-1), torch.ones(2, heads, 7)) < CLOSE


@pytest.mark.parametrize("name", ["seq2seq", "rnnsearch"])
def test_a_decoder_weighs_the_real_slots_of_its_memory(name):
    model, x, source = build(ENCODER_DECODERS[name]), tokens(2, 5), tokens(2, 7, seed=4)
    captured = capture_attention(model, x, source=source, source_padding_mask=masked())
    branch, heads = {"seq2seq": ("cross_attention", 4), "rnnsearch": ("recurrence", 1)}[name]
    for depth in (0, 1):
        weights = captured["decoder", depth, branch]
        assert weights.shape == (2, heads, 5, 7)
        assert (weights[1, ..., 4:] == 0).all()
        assert distance(weights.sum(-1), torch.ones(2, heads, 5)) < CLOSE
    own = {("encoder", 0, "attention"), ("encoder", 1, "attention"), ("decoder", 0, "attention")}
    assert own <= set(captured) if name == "seq2seq" else not own & set(captured)


def test_a_prefix_is_weighed_both_ways_and_what_follows_it_only_before():
    captured = capture_attention(build(PREFIXED["prefix-rope"]), tokens(2, 3), source=tokens(2, 4, seed=4))
    seen = captured["decoder", 0, "attention"][0, 0] > 0
    expected_rows = torch.ones(7, 7).tril().bool() | (torch.arange(7) < 4)
    assert torch.equal(seen, expected_rows)


def test_branches_that_weigh_nothing_are_absent():
    assert capture_attention(build(DECODERS["linear"]), tokens(2, 5)) == {}
    assert capture_attention(build(DECODERS["gru"]), tokens(2, 5)) == {}


def test_a_sink_takes_its_share():
    spec = decoder_spec([{"attention": {"kind": "softmax", "n_heads": 4, "sinks": True}}, {"ffn": "mlp"}])
    weights = capture_attention(build(spec), tokens(2, 5))["decoder", 0, "attention"]
    assert (weights.sum(-1) < 1).all()


def test_watching_changes_no_logits():
    model, x = build(DECODERS["window"]), tokens(2, 7)
    with torch.no_grad():
        assert distance(model.run(x, masked(), capture=True).logits, model(x, masked())) < CLOSE
