"""Malformed entries of many kinds: never a traceback, always file, line and field."""

import copy
import json
import os
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import catalog
from catalog import CatalogError
from catalog.listing import index

ENTRY = """name: Fuzzed
date: 2019-02
change: nothing
paper: {title: A Title, authors: [Ada, Bo], year: 2019, url: "https://example.org/a"}
published: {small: 100}
unverified: [lab]
model:
  d_model: 32
  n_layers: 4
  n_heads: 4
  d_ff: 64
  vocab_size: 100
  context_length: 16
  embedding: {kind: token, dropout: 0.1}
  decoder:
    position: [{kind: rope, theta: 1e4}]
    norm: layer_norm
    residual: {kind: pre_norm}
    visibility: causal
    sublayers:
      - attention: {kind: softmax, n_kv_heads: 2, qk_norm: {kind: rms_norm}}
      - ffn: {kind: mlp, activation: gelu}
    blocks: {wide: {sublayers: [{ffn: {d_ff: 128}}]}}
    pattern: [default, wide]
    share: {groups: [0, 1, 0, 1]}
  head: {kind: lm, tied: true}
  init: {kind: normal, std: 0.02}
sizes:
  small: {}
  large: {d_model: 64, decoder: {norm: {kind: rms_norm}}}
"""
ODD = st.sampled_from(
    [
        *(
            None,
            True,
            False,
            0,
            1,
            -1,
            7,
            10**30,
            0.5,
            -0.5,
            1e400,
            float("nan"),
            "",
            " ",
            "x",
            "softmax",
            "yes",
            "1e3",
        ),
        *([], [[]], [None], ["default"], ["nowhere"], [1], [{}], {}, {"kind": None}, {"kind": "x"}, {"kind": []}),
        *({"kind": {"kind": "x"}}, {"attention": None}, [{"attention": {}}], {"": ""}, {"groups": 99}, "extends: a"),
    ]
)
TEXTS = st.sampled_from(
    [
        *(
            ":",
            ": ",
            "- ",
            "\t",
            "\n",
            "\n\n",
            "  ",
            "{",
            "}",
            "[",
            "]",
            ",",
            "#",
            "'",
            '"',
            "|",
            ">",
            "&a ",
            "*a",
            "!!x ",
        ),
        *(
            "!!python/object:os.system ",
            "%",
            "@",
            "`",
            "\x00",
            "\x07",
            "\ufeff",
            "\u2028",
            "é",
            "<<: ",
            "---\n",
            "...\n",
        ),
        *("? ", "0x", "~", "2019-02-30", "1_000", "name: twice\n", "extends: fuzzed\n", "extends: nobody\n", "😀"),
    ]
)


def places(node, path=()):
    """Every place in nested maps and lists, as a path of keys."""
    yield path
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        yield from places(value, (*path, key))


DOCUMENT = yaml.safe_load(ENTRY)
PLACES = [path for path in places(DOCUMENT) if path]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    home = tmp_path_factory.mktemp("fuzz")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(home / "cache"))
        patch.chdir(home)
        yield home / "."


def told(folder, content):
    """The faults of an entry with this content, each with its file and line; none where it is sound."""
    (folder / "fuzzed.yaml").write_bytes(content)
    try:
        catalog.check("fuzzed", user=folder)
    except CatalogError as error:
        for fault in error.faults:
            assert fault.file == "fuzzed.yaml", fault
            assert (fault.line or 0) >= 1, fault
            assert fault.message, fault
            assert "\n" not in str(fault), fault
        return error.faults
    return []


def listed(folder, monkeypatch):
    """The entry's row, made anew, with the built-in entries out of the way."""
    monkeypatch.setattr("catalog.folders.BUILT_IN", folder / "nothing")
    (row,) = index(folder)
    return row


common = settings(
    max_examples=100, deadline=None, derandomize=True, database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip


@common
@given(st.lists(st.tuples(st.sampled_from(PLACES), ODD), min_size=1, max_size=3))
def test_odd_values_anywhere_are_told_with_file_line_and_field(folder, monkeypatch, changes):
    document = copy.deepcopy(DOCUMENT)
    for path, value in changes:
        put(document, path, value)
    content = yaml.safe_dump(document, allow_unicode=True, sort_keys=False).encode()
    faults = told(folder, content)
    assert all(fault.field for fault in faults), [str(fault) for fault in faults]
    with monkeypatch.context() as patch:
        row = listed(folder, patch)
    assert faults or "faults" not in row
    json.dumps(row)


def put(document, path, value):
    """Sets a place, where the path still leads to one."""
    holder = document
    for key in path[:-1]:
        if not isinstance(holder, dict | list) or (isinstance(holder, dict) and key not in holder):
            return
        if isinstance(holder, list) and not (isinstance(key, int) and key < len(holder)):
            return
        holder = holder[key]
    if isinstance(holder, dict) or (isinstance(holder, list) and isinstance(path[-1], int) and path[-1] < len(holder)):
        holder[path[-1]] = copy.deepcopy(value)


@common
@given(st.integers(0, len(ENTRY)), st.integers(0, 40), TEXTS)
def test_broken_text_is_told_with_file_and_line(folder, monkeypatch, start, length, text):
    faults = told(folder, (ENTRY[:start] + text + ENTRY[start + length :]).encode())
    with monkeypatch.context() as patch:
        row = listed(folder, patch)
    assert faults or "faults" not in row


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"\xff\xfe", b"\x00", b"null", b"- a", b"a: [", b"{", b"'", b"a: *b", b"a: &b [*b]", b"? [a]\n: b"),
        *(b"\xef\xbb\xbf", b"a: " + b"[" * 500, b"---\na: 1\n---\nb: 2\n", b"a: !!binary x", b"model: 3"),
        *(b"sizes: [1]\nmodel: {}", b"name: x"),
    ],
)  # fmt: skip
def test_files_that_are_no_entries_are_told_with_file_and_line(folder, content):
    assert told(folder, content)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("n_layers: 4", "n_layers: 100000000", "n_layers: does not fit (got 100000000; allowed: at most 10,000)"),
        ("sizes:", "reference: 7\nsizes:", "fuzzed.yaml:28: reference: must be a map (got 7)"),
        ("embedding: {kind: token, dropout: 0.1}", "embedding: [token]", "allowed: an embedding: a kind name or {kind"),
        (
            "name: Fuzzed",
            "name: !!python/object/apply:os.system [ls]",
            "python/object/apply:os.system' is not supported",
        ),
        ("norm: layer_norm", "norm: " + "{a: " * 10_000 + "1" + "}" * 10_000, "exceeded maximum nesting depth"),
    ],
)
def test_what_would_take_all_memory_or_run_code_is_told(folder, old, new, message):
    assert any(message in str(fault) for fault in told(folder, ENTRY.replace(old, new, 1).encode()))


@pytest.mark.parametrize("make", [os.mkfifo, Path.mkdir, lambda path: path.symlink_to(path.name)])
def test_what_is_no_plain_file_is_told_and_never_waited_for(tmp_path, make):
    make(tmp_path / "odd.yaml")
    with pytest.raises((CatalogError, OSError), match=r"is no plain file|Too many levels of symbolic links"):
        catalog.check("odd", user=tmp_path)
