"""Parts at hand: faster to reach, and otherwise nothing is different."""

import copy

import pytest
import torch

from specs import build, decoder_spec, encoder_spec, tokens
from variants import generate
from variants.at_hand import at_hand
from variants.evaluating import evaluating


@pytest.fixture
def model():
    return build(decoder_spec())


def attributes(model):
    return [list(module.__dict__) for module in model.modules()]


def test_a_model_gives_the_same_inside_and_is_as_before_after(model):
    before, expected = attributes(model), model(tokens(2, 5))
    with at_hand(model):
        assert attributes(model) != before
        assert torch.equal(model(tokens(2, 5)), expected)
    assert attributes(model) == before
    assert model.state_dict().keys() == copy.deepcopy(model).state_dict().keys()


def test_an_error_inside_leaves_the_model_as_before(model):
    before = attributes(model)
    with pytest.raises(ValueError, match="stop"), at_hand(model):
        raise ValueError("stop")
    assert attributes(model) == before


def test_a_parameter_that_is_replaced_inside_is_the_one_that_is_used(model):
    branch = model.decoder.blocks[0].branches["ffn"]
    with torch.no_grad(), at_hand(model):
        branch.down.weight = torch.nn.Parameter(torch.zeros_like(branch.down.weight))
        inside = model(tokens(2, 5))
    assert torch.equal(inside, model(tokens(2, 5)))


def test_hooks_see_every_call_while_a_model_writes(model):
    seen = []
    model.decoder.blocks[0].register_forward_pre_hook(lambda module, given: seen.append(module))
    generate(model, tokens(1, 3), max_new_tokens=4)
    assert len(seen) == 4


def test_every_module_gets_its_own_mode_back():
    model = build(encoder_spec()).train()
    model.head.eval()
    with evaluating(model):
        assert not any(module.training for module in model.modules())
    assert model.training
    assert not model.head.training
