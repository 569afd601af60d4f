"""A child's values go over its parent's by the rules of `extends`."""

import pytest

from catalog.merge import merge

ATTENTION, FFN = {"attention": {"kind": "softmax", "n_heads": 4}}, {"ffn": {"kind": "mlp", "d_ff": 8}}


def sublayers(parent, child):
    return merge({"sublayers": parent}, {"sublayers": child})["sublayers"]


def test_maps_merge_and_lists_replace():
    assert merge({"a": {"x": 1, "y": 2}, "b": [1]}, {"a": {"y": 3}, "b": [2]}) == {"a": {"x": 1, "y": 3}, "b": [2]}


def test_a_changed_kind_drops_the_parents_options_but_keeps_the_sort():
    parent = {"mixer": {"sort": "attention", "kind": "softmax", "n_heads": 4}}
    assert merge(parent, {"mixer": {"kind": "linear"}}) == {"mixer": {"kind": "linear", "sort": "attention"}}
    assert merge(parent, {"mixer": {"kind": "softmax", "bias": True}})["mixer"]["n_heads"] == 4


def test_options_go_over_a_parent_that_is_a_bare_kind():
    assert merge({"norm": "layer_norm"}, {"norm": {"eps": 1}}) == {"norm": {"kind": "layer_norm", "eps": 1}}


def test_neither_parent_nor_child_changes():
    parent, child = {"sublayers": [ATTENTION, FFN]}, {"sublayers": [{"ffn": {"d_ff": 1}}]}
    before = repr((parent, child))
    merge(parent, child)
    assert repr((parent, child)) == before


@pytest.mark.parametrize(
    ("child", "layout"),
    [
        ([{"ffn": {"d_ff": 9}}], [["attention"], ["ffn"]]),
        ([{"attention": {}}, {"cross_attention": {}}], [["attention"], ["cross_attention"], ["ffn"]]),
        ([{"convolution": {}}, {"ffn": {}}], [["attention"], ["convolution"], ["ffn"]]),
        ([{"convolution": {}}], [["attention"], ["ffn"], ["convolution"]]),
        ([{"ffn": {}}, {"attention": {}}], [["ffn"], ["attention"]]),
        ([{"attention": {}, "ffn": {}}], [["attention", "ffn"]]),
        ([[{"attention": {}}, {"ffn": {}}]], [["attention", "ffn"]]),
    ],
)
def test_sublayers_merge_by_branch_name_in_the_order_that_the_child_gives(child, layout):
    merged = sublayers([ATTENTION, FFN], child)
    assert [list(row) for row in merged] == layout
    assert next(row for row in merged if "attention" in row)["attention"]["n_heads"] == 4


def test_a_parallel_sublayer_is_split_by_naming_its_branches_apart():
    merged = sublayers([{**ATTENTION, **FFN}], [{"attention": {}}, {"ffn": {"d_ff": 9}}])
    assert merged == [ATTENTION, {"ffn": {"kind": "mlp", "d_ff": 9}}]


def test_naming_one_branch_of_a_parallel_sublayer_leaves_it_whole():
    merged = sublayers([{**ATTENTION, **FFN}], [{"attention": {"n_heads": 2}}])
    assert [list(row) for row in merged] == [["attention", "ffn"]]


def test_null_leaves_a_tombstone_that_a_grandchild_may_fill_again():
    gone = merge({"position": {"kind": "rope", "theta": 1}}, {"position": None})
    assert gone == {"position": None}
    assert merge(gone, {"position": {"kind": "alibi"}}) == {"position": {"kind": "alibi"}}
