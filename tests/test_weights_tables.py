"""The tables of `reference:`: their schema with lines, inheritance row by row, and expressions read both ways."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.access import check_entry
from catalog.entries import Catalog
from catalog.errors import CatalogError, Faults
from catalog.expressions import NotKnown, Unfit, read, solve
from catalog.reference import merge_reference, parse_reference
from catalog.spec_paths import Ambiguous, read_path
from catalog.yaml_loader import load_text

ENTRY = """\
name: Mine
extends: gpt-2
date: 2026-01
change: nothing
paper: {title: T, authors: [A], year: 2026, url: https://example.org}
reference:
"""


def faults_of(text, tmp_path):
    (tmp_path / "mine.yaml").write_text(ENTRY + text)
    with pytest.raises(CatalogError) as error:
        check_entry(Catalog(tmp_path).entry("mine"))
    return [(fault.line, str(fault)) for fault in error.value.faults]


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("  mapp: {}\n", 7, "no such field .*did you mean map"),
        ("  map:\n    attention.o: {from: x, ops: [transpos]}\n", 8, "unknown op .*did you mean transpose"),
        ("  map:\n    attention.o: {from: x, op: [transpose]}\n", 8, "no such field .*did you mean ops"),
        ("  map:\n    attention.o: {ops: [transpose]}\n", 8, "must name the library's tensor"),
        ("  map:\n    attention.o: {from: x, ops: [{transpose: 2}]}\n", 8, "does not fit .*no argument"),
        ("  map:\n    attention.o: {from: x, ops: [{split: per_heads}]}\n", 8, "does not fit .*per_head"),
        ("  map:\n    attention.o: {from: x, ops: [reshape]}\n", 8, "does not fit"),
        ("  map:\n    attention.o: {from: a.*.b.*}\n", 8, "at most one"),
        ("  map:\n    attention.o: {from: x, exact: 1}\n", 8, "must be true or false"),
        ("  map: [a]\n", 7, "must be a map"),
        ("  config:\n    d_ff: {tims: [a, 2]}\n", 8, "unknown word .*did you mean times"),
        ("  config:\n    d_ff: {field: a, times: [a, 2]}\n", 8, "more than one form"),
        ("  config:\n    d_ff: {times: [a]}\n", 8, "list of 2 expressions"),
        ("  config:\n    d_ff: {field: a, table: nothing}\n", 8, "is no table .*activations"),
        ("  config:\n    d_ff: [1, 2]\n", 8, "is no expression"),
        ("  config:\n    decoder.pattern: {every: [a, b]}\n", 8, "list of 3 expressions"),
        ("  config:\n    d_ff: {where: [a, b]}\n", 8, "two fields and a key"),
        ("  constants: {bias: no}\n", 7, "must be a number"),
        ("  class: [1]\n", 7, "must be a list of names"),
        ("  transformers: 7\n", 7, "must be the library's model_type"),
    ],
)
def test_what_is_wrong_with_a_table_is_told_with_its_line(text, line, said, tmp_path):
    (found,) = faults_of(text, tmp_path)
    assert found[0] == line
    assert re.search(said, found[1]), found[1]


def test_all_faults_of_a_table_are_told_at_once(tmp_path):
    text = "  clas: A\n  map:\n    a: {from: x, ops: [transpos]}\n    b: {from: x, ops: [splitt]}\n"
    assert [line for line, _ in faults_of(text, tmp_path)] == [7, 9, 10]


def tables(text):
    return load_text(text, "t.yaml")


def test_a_childs_row_displaces_every_inherited_row_that_shares_a_target():
    parent = tables("{map: {'attention.q, attention.k': qk, attention.v: v, ffn.up: up}}")
    child = tables("{map: {attention.q: q, attention.k: k, ffn.up: null}}")
    merged = merge_reference(parent, child)["map"]
    assert dict(merged) == {"attention.v": "v", "attention.q": "q", "attention.k": "k", "ffn.up": None}
    again = merge_reference({"map": merged}, tables("{map: {'attention.q, attention.k, attention.v': qkv}}"))["map"]
    assert dict(again) == {"ffn.up": None, "attention.q, attention.k, attention.v": "qkv"}


def test_a_childs_expression_takes_the_place_of_its_parents():
    merged = merge_reference(tables("{config: {d_ff: {times: [a, 4]}}}"), tables("{config: {d_ff: {field: b}}}"))
    assert merged["config"]["d_ff"] == {"field": "b"}


def test_cases_are_an_entrys_own_and_a_null_reference_ends_the_inheritance():
    parent = tables("{map: {a: b}, cases: {x: {y: 1}}}")
    assert "cases" not in merge_reference(parent, {})
    assert merge_reference(parent, None) is None


def test_names_that_begin_otherwise_are_renamed_in_rows_and_aliases():
    text = "{transformers: t, class: C, rename: {bert.: roberta.}, map: {a: bert.a, b: cls.b}, aliases: {c: bert.a}}"
    faults = Faults()
    reference = parse_reference(tables(text), faults)
    assert not list(faults)
    assert [rule.sources for rule in reference.rules] == [("roberta.a",), ("cls.b",)]
    assert reference.aliases == {"c": "roberta.a"}


@pytest.mark.parametrize(
    ("expression", "config", "value"),
    [
        ("n_embd", {"n_embd": 8}, 8),
        ("rope.theta", {"rope": {"theta": 2.0}}, 2.0),
        ({"field": "a", "default": {"times": ["b", 4]}}, {"a": None, "b": 3}, 12),
        ({"field": "a", "unless": {"over": ["b", "c"]}}, {"a": 8, "b": 32, "c": 4}, None),
        ({"field": "a", "table": {"true": "qkvo", "false": "none"}}, {"a": False}, "none"),
        ({"field": "a", "table": {"s": "local", "f": "global"}}, {"a": ["s", "f"]}, ["local", "global"]),
        ({"minus": ["a", {"plus": ["b", 1]}]}, {"a": 514, "b": 1}, 512),
        ({"power": ["a", -0.5]}, {"a": 256}, 0.0625),
        ({"times": [{"over": ["a", "b"]}, "c"]}, {"a": 48, "b": 4, "c": 0.25}, 3),
        ({"runs": "a"}, {"a": [[["g", "l"], 2]]}, ["g", "l", "g", "l"]),
        ({"leading": ["a", "n"], "table": {"1": "d", "0": "s"}}, {"a": 1, "n": 3}, ["d", "s", "s"]),
        ({"spread": ["a", "n"]}, {"a": 2, "n": 6}, [0, 1, 0, 0, 1, 0]),
        ({"spread": ["a", "n"]}, {"a": 3, "n": 3}, [1, 1, 1]),
        ({"spread": ["a", "n"]}, {"a": 0, "n": 3}, [0, 1, 0]),  # as the library does where no layer is sparse
        ({"between": ["a", "b", 4]}, {"a": 1, "b": 2}, [0, 1, 1, 0]),
        ({"every": ["p", 1, "n"], "table": {"1": "x", "0": "y"}}, {"p": 3, "n": 5}, ["y", "x", "y", "y", "x"]),
        ({"every_but": ["p", "a", "n"]}, {"p": 2, "a": [1], "n": 6}, [0, 0, 0, 1, 0, 1]),
        ({"each": "a"}, {"a": [4, 4]}, 4),
        ({"each": "a"}, {"a": 4}, 4),
        ({"together": ["a", {"leading": [1, 2]}], "table": {"s 1": "x", "f 0": "y"}}, {"a": ["s", "f"]}, ["x", "y"]),
        ({"where": ["a", "b", "s"]}, {"a": [3, 4, 4], "b": ["f", "s", "s"]}, 4),
        ({"where": ["a", "b", "s"], "unless": 0}, {"a": [0], "b": ["s"]}, None),
        ("missing", {}, None),
    ],
)
def test_an_expression_reads_a_config(expression, config, value):
    assert read(expression, config) == value


@pytest.mark.parametrize(
    ("expression", "value", "known", "field"),
    [
        ({"field": "a", "default": {"times": ["b", 4]}}, 12, {"b": 3}, 12),
        ({"field": "a", "unless": {"over": ["b", "c"]}}, None, {"b": 32, "c": 4}, 8),
        ({"field": "a", "table": "activations"}, "gelu_tanh", {}, "gelu_new"),
        ({"power": ["a", -0.5]}, 0.0625, {}, 256),
        ({"times": [{"over": ["b", "c"]}, "a"]}, 3, {"b": 48, "c": 4}, 0.25),
        ({"over": [1, "a"]}, 0.0625, {}, 16),
        ({"leading": ["a", "n"], "table": {"1": "dense", "0": "sparse"}}, ["dense", "dense", "sparse"], {"n": 3}, 2),
        ({"spread": ["a", "n"]}, [0, 1, 0, 1], {"n": 4}, 2),
        ({"spread": ["a", "n"]}, [0], {"n": 1}, 2),
        ({"every_but": ["b", "a", "n"]}, [1, 0, 0, 1], {"n": 4}, [1, 2]),
        ({"every_but": ["a", "b", "n"]}, [0, 0, 1, 0, 0], {"n": 5}, 3),
        ({"over": [{"each": "a"}, 2]}, 3, {}, 6),
    ],
)
def test_an_expression_is_solved_for_the_field_that_is_open(expression, value, known, field):
    config = dict(known)
    solve(expression, value, config)
    assert config["a"] == field
    assert read(expression, config) == value


@given(st.integers(1, 6), st.integers(0, 5), st.integers(0, 5), st.integers(1, 12))
def test_lists_of_a_rule_give_its_numbers_back(period, offset, last, n):
    for rule, parts in (("every", [period, offset % period]), ("between", [offset, last]), ("leading", [min(last, n)])):
        items = read({rule: [*parts, n]}, {})
        config = {}
        solve({rule: ["a", *"bc"[: len(parts) - 1], "n"]}, items, config)
        assert read({rule: ["a", *"bc"[: len(parts) - 1], "n"]}, config) == items


def test_two_lists_side_by_side_come_apart_and_the_items_of_a_third_go_where_they_belong():
    config = {}
    solve({"together": ["types", {"every": ["p", "o", 3]}], "table": {"s 0": "x", "f 1": "y"}}, ["x", "y", "x"], config)
    assert config == {"types": ["s", "f", "s"], "p": 2, "o": 1}
    solve({"where": ["bases", "types", "f"], "unless": 0}, None, config)
    solve({"where": ["bases", "types", "s"]}, 5.0, config)
    assert config["bases"] == [5.0, 0, 5.0]


@pytest.mark.parametrize(
    ("expression", "value", "config", "said"),
    [
        ({"every": ["p", "o", "n"]}, [1, 0, 0, 1, 1], {}, "no `every` gives"),
        ({"between": ["a", "b", "n"]}, [1, 0, 1], {}, "no `between` gives"),
        ({"where": ["a", "b", "s"]}, None, {"a": [1, 2], "b": ["s", "s"]}, "one value for all of s"),
    ],
)
def test_a_list_that_no_rule_gives_is_told(expression, value, config, said):
    with pytest.raises(Unfit, match=said):
        read(expression, config) if value is None else solve(expression, value, config)


@given(st.integers(1, 4000), st.integers(1, 64), st.sampled_from(["plus", "minus", "times", "over"]))
def test_solving_undoes_reading(a, b, operation):
    value = read({operation: ["a", "b"]}, {"a": a, "b": b})
    config = {"b": b}
    solve({operation: ["a", "b"]}, value, config)
    assert config["a"] == pytest.approx(a)


def test_two_open_fields_wait_and_a_value_that_does_not_fit_is_told():
    with pytest.raises(NotKnown):
        solve({"times": ["a", "b"]}, 8, {})
    with pytest.raises(Unfit, match="n_embd"):
        solve({"times": ["n_embd", 4]}, 40, {"n_embd": 32})
    with pytest.raises(Unfit, match="no `spread` gives"):
        solve({"spread": ["a", "n"]}, [1, 0], {"n": 2})
    with pytest.raises(Unfit, match=r"'mish'; allowed: .*relu"):
        read({"field": "act", "table": "activations"}, {"act": "mish"})


def test_a_path_of_a_resolved_spec_has_one_value_or_is_refused():
    from catalog import resolve

    spec = resolve("gemma-2")
    assert read_path(spec, "d_model") == 2304
    assert read_path(spec, "window") == 4096
    assert read_path(spec, "decoder.attention.softcap") == 50.0
    assert read_path(spec, "decoder.pattern")[:2] == ["local", "global"]
    assert read_path(spec, "decoder.position.theta") == 10000.0
    assert read_path(spec, "head.nothing") is None
    uneven = resolve("blenderbot")
    assert read_path(uneven, "encoder.n_layers") == 2
    with pytest.raises(Ambiguous, match="no single value"):
        read_path(uneven, "n_layers")
