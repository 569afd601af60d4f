"""Linear maps in groups against a block-diagonal matrix and a convolution of width 1."""

import pytest
import torch

from part_checks import CLOSE, assert_certified
from specs import build, decoder_spec, distance
from variants import count_parameters, resize
from variants.grouped import GroupedLinear, GroupedSlices, grouped_linear


def test_a_grouped_map_equals_a_block_diagonal_matrix_and_a_convolution():
    x, weight, bias = (torch.randn(*shape, dtype=torch.float64) for shape in [(2, 5, 12), (8, 3), (8,)])
    dense = torch.block_diag(*weight.split(2))
    convolved = torch.nn.functional.conv1d(x.mT, weight[..., None], bias, groups=4).mT
    assert distance(grouped_linear(x, weight, bias, 4), x @ dense.T + bias) < CLOSE
    assert distance(grouped_linear(x, weight, bias, 4), convolved) < CLOSE


def test_slices_are_grouped_one_by_one():
    slices = GroupedSlices(8, {"q": 6, "k": 2}, frozenset("k"), 2)
    torch.nn.init.normal_(slices.weight)
    torch.nn.init.normal_(slices.bias)
    x = torch.randn(3, 8)
    q, k = slices(x)
    assert distance(q, grouped_linear(x, slices.weight[:6], None, 2)) == 0
    assert distance(k, grouped_linear(x, slices.weight[6:], slices.bias, 2)) == 0


def test_a_model_with_groups_passes_the_certificate_and_has_its_share_of_numbers():
    rows = [{"attention": {"kind": "softmax", "groups": 2}}, {"ffn": {"kind": "mlp", "groups": 4}}]
    assert_certified(decoder_spec(rows, position="rope"))
    block = build(decoder_spec(rows)).decoder.blocks[0].branches
    assert block["attention"].qkv.weight.shape == (3 * 32, 16)
    assert (block["ffn"].up.weight.numel(), block["ffn"].down.weight.numel()) == (40 * 8, 32 * 10)


def test_groups_that_do_not_divide_a_width_are_refused():
    with pytest.raises(ValueError, match="groups=3 does not divide the width 32"):
        build(decoder_spec([{"attention": "softmax"}, {"ffn": {"kind": "mlp", "groups": 3}}]))
    with pytest.raises(ValueError, match="groups=4 does not divide the width 6"):
        GroupedLinear(8, 6, 4, bias=False)


@pytest.mark.parametrize("budget", [30_000, 90_000])
def test_widths_that_meet_a_budget_are_divided_by_the_groups(budget):
    rows = [{"attention": {"kind": "softmax", "groups": 4}}, {"ffn": {"kind": "mlp", "groups": 4}}]
    sized = resize(decoder_spec(rows), budget)
    assert abs(count_parameters(sized)["non_embedding"] - budget) <= 0.01 * budget
    assert sized["d_model"] % 4 == 0
