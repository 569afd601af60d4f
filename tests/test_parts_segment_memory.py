"""Segment memory against one long segment, its own dense mask, and the paper's stop of the gradient."""

import pytest
import torch

from part_checks import CLOSE, assert_certified
from specs import build, decoder_spec, distance, encoder_spec, tokens
from variants.builder import build_model
from variants.context import Context
from variants.visibility.segment import SegmentVisibility

XL = {"kind": "transformer_xl", "n_heads": 4}


def memory(segment=4, kept=3, **options):
    branch = {
        "kind": "segment_memory",
        "n_heads": 4,
        "segment_length": segment,
        "memory_length": kept,
        "position": [XL],
    }
    return decoder_spec([{"attention": branch | options}, {"ffn": "mlp"}], residual="post_norm")


def attention(model):
    return model.decoder.blocks[0].branches["attention"]


@pytest.mark.parametrize("kept", [0, 3, 9])
def test_segment_memory_passes_the_certificate(kept):
    assert_certified(memory(kept=kept))


def test_segment_memory_passes_the_certificate_with_positions_of_the_stack():
    branch = {"kind": "segment_memory", "n_heads": 4, "segment_length": 4, "memory_length": 3}
    assert_certified(decoder_spec([{"attention": branch}, {"ffn": "mlp"}], position="alibi"))


def test_a_slot_sees_its_segment_and_the_memory_before_it():
    see = SegmentVisibility(None, segment_length=4, memory_length=2)  # type: ignore[arg-type]
    slots = torch.arange(12)
    seen = see.allows(slots[:, None], slots[None])
    assert seen[9].nonzero().flatten().tolist() == [6, 7, 8, 9, 10, 11]
    assert seen[3].nonzero().flatten().tolist() == [0, 1, 2, 3]


def test_a_segment_as_long_as_the_text_is_plain_causal_attention():
    plain = decoder_spec([{"attention": {"kind": "softmax", "position": [XL]}}, {"ffn": "mlp"}], residual="post_norm")
    ours, theirs = build(memory(segment=24, kept=0)), build(plain)
    theirs.load_state_dict(ours.state_dict())
    assert distance(ours(tokens()), theirs(tokens())) < CLOSE


@pytest.mark.parametrize("training", [False, True])
def test_segments_one_after_the_other_equal_the_whole_text(training):
    model = build(memory()).train(training)
    x = tokens(2, 12)
    state = model.new_state(2, 1000)
    pieces = [model.run(x[:, start : start + 4], state=state).logits for start in (0, 4, 8)]
    assert distance(torch.cat(pieces, 1), model(x)) < CLOSE
    # no more than a segment and its memory is kept, however long the text is
    assert max(t.shape[2] for slot in state.slots.values() for t in slot.values()) == 7


def test_training_computes_what_evaluation_computes():
    model = build(memory())
    x = tokens(2, 11)
    assert distance(model.train()(x), model.eval()(x)) < CLOSE


def test_gradient_reaches_the_projections_and_not_the_states_of_the_memory():
    part = attention(build(memory(kept=4))).train()
    for position in part.positions():
        position.requires_grad_(False)
    x = torch.randn(1, 8, 32, dtype=torch.float64, requires_grad=True)
    second = part(x, Context(1, 8, x.device))[:, 4:]
    (of_states,) = torch.autograd.grad(second.square().sum(), x, retain_graph=True)
    assert of_states[:, :4].count_nonzero() == 0
    assert of_states[:, 4:].count_nonzero() > 0
    # with the memory's own value vectors at zero the output is another: what they are projected by has gradient
    alone = part(x[:, 4:].detach(), Context(1, 4, x.device))
    (whole,) = torch.autograd.grad(second.square().sum(), part.qkv.weight)
    (short,) = torch.autograd.grad(alone.square().sum(), part.qkv.weight)
    assert distance(whole, short) > 1e-3


def test_a_training_step_follows_another_with_one_state():
    model = build(memory()).train()
    state = model.new_state(2, 1000)
    for seed in range(3):
        model.run(tokens(2, 4, seed=seed), state=state).logits.square().mean().backward()
    assert all(p.grad is not None for p in attention(model).parameters())


def test_a_state_of_training_is_refused_in_evaluation():
    model = build(memory())
    state = model.new_state(2, 100)
    model.train().run(tokens(2, 4), state=state)
    with pytest.raises(ValueError, match="goes on in training alone"):
        model.eval().run(tokens(2, 4), state=state)


def test_padding_that_would_push_real_tokens_out_of_the_ring_is_refused():
    model = build(memory())
    state = model.new_state(1, 100)
    mask = torch.ones(1, 12, dtype=torch.bool)
    mask[:, 6:9] = False
    with pytest.raises(ValueError, match="pad on the left"):
        model.run(tokens(1, 12), mask, state=state)


def test_rotation_is_refused_since_states_are_kept_unrotated():
    assert "rotate" not in attention(build_model(memory())).hooks


def test_segments_may_bound_an_encoder_too():
    see = {"kind": "segment", "segment_length": 4, "memory_length": 3}
    assert_certified(encoder_spec([{"attention": {"kind": "softmax", "visibility": see}}, {"ffn": "mlp"}]))
