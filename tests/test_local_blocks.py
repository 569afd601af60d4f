"""Local attention in blocks equals attention over the dense mask, and serves where it is faster."""

import pytest
import torch

from specs import build, decoder_spec, distance, encoder_spec, tokens
from variants import capture_attention, local_blocks

CLOSE = 1e-10  # float64: the order of sums is all that may differ
LONG = 23
HEADS = {"kind": "softmax", "n_heads": 4, "n_kv_heads": 2}
OPTIONS = [{}, {"softcap": 4.0, "sinks": True}, {"talking_heads": True}, {"qk_norm": {"kind": "rms_norm"}}]
VISIBILITIES = [
    {"kind": "window", "window": 1},
    {"kind": "window", "window": 2},
    {"kind": "window", "window": 5},
    {"kind": "segment", "segment_length": 4, "memory_length": 3},
]
WINDOW = VISIBILITIES[2]


@pytest.fixture
def eager(monkeypatch):
    """Blocks for texts of any length, and as narrow as a window."""
    for name, value in (("FEWEST_TOKENS", 1), ("MEETS_AT_MOST", 9.0), ("NARROWEST", 1)):
        monkeypatch.setattr(local_blocks, name, value)


def local(spec_of=decoder_spec, visibility=WINDOW, position="rope", stack="causal", **options):
    layers = [{"attention": {**HEADS, **options, "visibility": visibility}}, {"ffn": "mlp"}]
    return build(spec_of(layers, position=position, visibility=stack))


def result(model, x, *given, **inputs):
    """Logits and the gradient of every parameter, as one vector."""
    model.zero_grad()
    logits = model(x, *given, **inputs)
    logits.square().sum().backward()
    gradients = [p.grad.flatten() for p in model.parameters() if p.grad is not None]
    return torch.cat([logits.detach().flatten(), *gradients])


def assert_blocks_equal_dense(monkeypatch, model, x, *given, **inputs):
    in_blocks = result(model, x, *given, **inputs)
    assert "local" in model.kernels()
    monkeypatch.setattr(local_blocks, "FEWEST_TOKENS", LONG + 1)
    model.kernels_seen.clear()
    dense = result(model, x, *given, **inputs)
    assert "local" not in model.kernels()
    assert distance(in_blocks, dense) < CLOSE * dense.abs().max()


@pytest.mark.parametrize("length", [1, 4, 5, 11, LONG])
@pytest.mark.parametrize("visibility", VISIBILITIES, ids=str)
def test_blocks_equal_the_dense_mask_at_every_length(eager, monkeypatch, visibility, length):
    model, x = local(visibility=visibility), tokens(2, length)
    if length == 1:
        with torch.no_grad():
            model(x)
        assert "local" not in model.kernels()  # one slot needs no mask
    else:
        assert_blocks_equal_dense(monkeypatch, model, x)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_blocks_serve_every_option_of_attention(eager, monkeypatch, options):
    assert_blocks_equal_dense(monkeypatch, local(**options), tokens(2, LONG))


@pytest.mark.parametrize("length", [6, LONG])
def test_blocks_see_to_both_sides_in_an_encoder(eager, monkeypatch, length):
    assert_blocks_equal_dense(monkeypatch, local(encoder_spec, stack="full"), tokens(2, length))


def test_blocks_see_to_both_sides_within_a_prefix(eager, monkeypatch):
    model = local(stack="prefix")
    assert_blocks_equal_dense(monkeypatch, model, tokens(2, 10), source=tokens(2, 9, seed=3))


@pytest.mark.parametrize("stack", ["causal", "full"])
def test_blocks_hide_padding_wherever_it_stands(eager, monkeypatch, stack):
    mask = torch.ones(3, LONG, dtype=torch.bool)
    mask[0, :9], mask[1, -8:], mask[2, 7:15] = False, False, False
    spec_of = encoder_spec if stack == "full" else decoder_spec
    assert_blocks_equal_dense(monkeypatch, local(spec_of, stack=stack), tokens(3, LONG), mask)


def test_a_prompt_is_read_in_blocks_and_gone_on_from_with_its_ring(eager):
    model, x = local(), tokens(2, LONG)
    state = model.new_state(2, LONG)
    with torch.no_grad():
        pieces = [model.run(x[:, :17], state=state).logits]
        assert "local" in model.kernels()
        pieces += [model.run(x[:, i : i + 1], state=state).logits for i in range(17, LONG)]
        assert distance(torch.cat(pieces, 1), model(x)) < CLOSE


def test_what_blocks_cannot_honour_gets_the_dense_mask(eager):
    x, mask = tokens(2, LONG), torch.ones(2, LONG, dtype=torch.bool)
    mask[0, 5:9] = False
    cases = [
        (local(position="alibi"), {}),
        (local(visibility=VISIBILITIES[3]), {"padding_mask": mask}),  # positions of real tokens, with a gap
        (local(visibility={"kind": "chunk", "chunk": 4}), {}),
        (local(visibility=None), {}),
    ]
    for model, inputs in cases:
        with torch.no_grad():
            model(x, **inputs)
        assert "local" not in model.kernels()
    model = local()
    assert all(weights.shape[-1] == LONG for weights in capture_attention(model, x).values())
    assert model.kernels() == ["plain"]


@pytest.mark.parametrize(("window", "stack", "first"), [(5, "causal", 512), (200, "causal", 800), (200, "full", 1200)])
def test_blocks_serve_from_the_measured_length_on(window, stack, first):
    model = local(
        decoder_spec if stack == "causal" else encoder_spec, {"kind": "window", "window": window}, stack=stack
    )
    visibility = next(m for m in model.modules() if hasattr(m, "qkv")).visibility
    for length in (first - 1, first):
        context = local_blocks.Context(1, length, torch.device("cpu"))
        assert (local_blocks.LocalBlocks.of(visibility, context) is not None) == (length == first)
