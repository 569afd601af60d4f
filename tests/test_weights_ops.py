"""The ops between a library's tensors and ours: each is a bijection, and a wrong one shows."""

import re
from dataclasses import replace

import pytest
import torch

from catalog.reference import OPS as NAMED
from variants.weights.entries import known_entries
from variants.weights.ops import OPS, Place, make_ops
from variants.weights.parity import compare

NUMBERS = {"n_heads": 4, "n_kv_heads": 2, "d_head": 6, "d_model": 8}
# name -> ops, shapes of the library's tensors, shapes of ours
SAMPLES = {
    "transpose": ([("transpose", None)], [(8, 24)], [(24, 8)]),
    "transpose a bias": ([("transpose", None)], [(24,)], [(24,)]),
    "split": ([("split", "equal")], [(72, 8)], [(24, 8)] * 3),
    "split grouped": ([("split", None)], [(48, 8)], [(24, 8), (12, 8), (12, 8)]),
    "split per_head": ([("split", "per_head")], [(72, 8)], [(24, 8)] * 3),
    "split per_group": ([("split", "per_group")], [(48, 8)], [(24, 8), (12, 8), (12, 8)]),
    "split interleaved": ([("split", "interleaved")], [(48, 8)], [(24, 8)] * 2),
    "split into chunks": ([("split", 3)], [(72, 8)], [(24, 8)] * 3),
    "add_one": ([("add_one", None)], [(8,)], [(8,)]),
    "unrope": ([("unrope", None)], [(24, 8)], [(24, 8)]),
    "unrope partly": ([("unrope", 4)], [(24, 8)], [(24, 8)]),
    "swap_halves": ([("swap_halves", None)], [(24, 8)], [(24, 8)]),
    "stack": ([("stack", None)], [(5, 8)] * 3, [(3, 5, 8)]),
    "unstack": ([("unstack", None), ("split", "equal")], [(3, 10, 8)], [(5, 8)] * 6),
    "reshape": ([("reshape", [["d_model", "n_heads", "d_head"], ["d_model", -1]])], [(8, 4, 6)], [(8, 24)]),
}
# op -> entry, row of its map, the same row gone wrong
WRONG = {
    "transpose": ("gpt-2", "attention.o", ()),
    "split": ("gpt-neox-20b", "attention.q", (("split", "equal"),)),
    "add_one": ("gemma-2", "ffn.norm", ()),
    "swap_halves": ("nanochat", "attention.k", ()),
    "unstack": ("mixtral", "ffn.experts.down.weight", (("split", "equal"),)),
    "stack": ("mixtral", "ffn.experts.down.weight", (("stack", None),)),
    "reshape": ("vit", "embedding.class_token", ()),
}


def place_of(ops, shapes):
    per_piece = 2 if ops[0][0] == "unstack" else len(shapes)
    return Place(tuple(torch.Size(shape) for shape in shapes[:per_piece]), NUMBERS.__getitem__)


def apply(ops, tensors, place):
    for op in make_ops(ops):
        tensors = op.apply(tensors, place)
    return tensors


def numbered(shapes):
    """Tensors whose numbers are all different."""
    sizes = [torch.Size(shape).numel() for shape in shapes]
    return [piece.reshape(s) for piece, s in zip(torch.arange(sum(sizes)).float().split(sizes), shapes, strict=True)]


def test_the_schema_and_the_registry_name_the_same_ops():
    assert set(NAMED) == set(OPS) == {ops[0][0] for ops, _, _ in SAMPLES.values()}


@pytest.mark.parametrize("name", SAMPLES)
def test_an_op_gives_our_shapes_and_its_inverse_gives_the_tensors_back(name):
    ops, theirs, ours = SAMPLES[name]
    place, tensors = place_of(ops, ours), numbered(theirs)
    values = apply(ops, tensors, place)
    assert [tuple(value.shape) for value in values] == [tuple(shape) for shape in ours]
    for op in reversed(make_ops(ops)):
        values = op.undo(values, place)
    assert all(torch.equal(a, b) for a, b in zip(values, tensors, strict=True))


@pytest.mark.parametrize("name", [name for name in SAMPLES if name != "add_one"])
def test_an_op_that_moves_keeps_every_number(name):
    ops, theirs, ours = SAMPLES[name]
    tensors = numbered(theirs)
    moved = torch.cat([value.flatten() for value in apply(ops, tensors, place_of(ops, ours))])
    assert torch.equal(moved.sort().values, torch.cat([t.flatten() for t in tensors]))


def test_a_split_per_head_takes_a_query_key_and_value_of_each_head_in_turn():
    q, k, _ = apply([("split", "per_head")], numbered([(72, 1)]), place_of([("split", None)], [(24, 1)] * 3))
    assert q.flatten().tolist()[:8] == [0, 1, 2, 3, 4, 5, 18, 19]
    assert k.flatten().tolist()[:2] == [6, 7]


def test_a_split_per_group_takes_the_queries_of_a_group_then_its_key_and_value():
    shapes = [(24, 1), (12, 1), (12, 1)]
    q, k, v = apply([("split", "per_group")], numbered([(48, 1)]), place_of([("split", None)], shapes))
    assert (q[12].item(), k[0].item(), v[0].item(), k[6].item()) == (24, 12, 18, 36)


def test_unrope_makes_halves_of_neighbouring_pairs():
    (rows,) = apply([("unrope", 4)], numbered([(6, 1)]), place_of([("unrope", 4)], [(6, 1)]))
    assert rows.flatten().tolist() == [0, 2, 1, 3, 4, 5]


def test_a_split_that_does_not_come_out_even_is_refused():
    with pytest.raises(ValueError, match="do not split"):
        apply([("split", "per_head")], numbered([(70, 1)]), place_of([("split", None)], [(24, 1)] * 3))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_op_is_refused_or_shows_in_the_logits(name):
    entry, target, ops = WRONG[name]
    known = next(each for each in known_entries() if each.id == entry)
    rules = tuple(replace(rule, ops=ops) if target in rule.to else rule for rule in known.reference.rules)
    assert rules != known.reference.rules
    wrong = replace(known, reference=replace(known.reference, rules=rules))
    assert refusal(wrong) or compare(wrong).worst > 1e-2  # a hundred times what parity allows


def refusal(known):
    try:
        compare(known)
    except ValueError as error:
        return re.search("shapes|split", str(error))
    return None
