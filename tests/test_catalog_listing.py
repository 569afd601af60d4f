"""The index is quick and fresh, its filters answer or refuse, and two entries show only what differs."""

import os

import pytest

import catalog
from catalog import CatalogError, listing
from catalog.comparing import layer_text
from catalog.filters import by_condition, by_name_of, by_stack, by_words, in_order
from catalog_samples import FACTS, MODEL_TEXT


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("catalog.folders.BUILT_IN", tmp_path / "none")
    user = tmp_path / "mine"
    user.mkdir()
    (user / "tiny.yaml").write_text(FACTS + MODEL_TEXT)
    (user / "tinier.yaml").write_text(
        FACTS.replace("Tiny", "Tinier")
        + "extends: tiny\nmodel: {d_model: 16, decoder: {norm: rms_norm}}\nsizes: {a: {}}\n"
    )
    return user


@pytest.fixture
def rows(folder):
    return [row for row in catalog.index(folder) if not row["built_in"]]


def ids(found):
    return [row["id"] for row in found]


def test_a_row_holds_facts_kinds_and_dimensions(rows):
    row = rows[1]
    assert (row["id"], row["name"], row["year"], row["stack"], row["parameters"]) == (
        "tiny",
        "Tiny",
        2019,
        "decoder",
        None,
    )
    assert row["kinds"]["norm"] == ["layer_norm"]
    assert row["dimensions"]["n_heads"] == 4
    assert rows[0]["extends"] == "tiny"
    assert rows[0]["sizes"] == ["a"]


def test_the_index_is_read_from_the_cache_until_a_file_changes(folder, monkeypatch):
    catalog.index(folder)
    monkeypatch.setattr(listing, "_read_all", lambda user: pytest.fail("read again"))
    assert len(catalog.index(folder)) >= 2
    monkeypatch.undo()
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder.parent / "cache"))
    (folder / "tiny.yaml").write_text(FACTS.replace("Tiny", "Huge") + MODEL_TEXT)
    assert "Huge" in [row["name"] for row in catalog.index(folder)]


def test_a_damaged_or_forbidden_cache_only_costs_time(folder, monkeypatch):
    expected = catalog.index(folder)
    for path in (folder.parent / "cache" / "bestiary").iterdir():
        path.write_text("{")
    assert catalog.index(folder) == expected
    (folder.parent / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder.parent / "file"))
    assert catalog.index(folder) == expected


def test_the_hash_of_a_row_is_that_of_the_checked_spec(rows, folder):
    assert rows[1]["spec_hash"] == catalog.spec_hash(catalog.resolve("tiny", user=folder))


def test_an_entry_that_cannot_be_read_keeps_its_row_with_the_faults(folder):
    (folder / "bad.yaml").write_text("a: [")
    row = next(row for row in catalog.index(folder) if row["id"] == "bad")
    assert row["faults"]
    assert "bad.yaml:1" in row["faults"][0]


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("norm=rms_norm", ["tinier"]),
        ("norm!=rms_norm", ["tiny"]),
        ("d_model=16", ["tinier"]),
        ("d_model>16", ["tiny"]),
        ("year>=2020", []),
        ("date<2020", ["tinier", "tiny"]),
        ("name=TINY", ["tiny"]),
        ("sizes=a", ["tinier"]),
        ("extends=tiny", ["tinier"]),
    ],
)
def test_conditions_choose_rows(rows, condition, found):
    assert ids(by_condition(rows, condition)) == found


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("norm=rmsnorm", "did you mean rms_norm?"),
        ("nrom=rms_norm", "did you mean norm?"),
        ("norm", "is no condition"),
        ("year>=new", "is no number"),
    ],
)
def test_a_condition_that_cannot_hold_is_refused(rows, condition, message):
    with pytest.raises(CatalogError, match=message.replace("?", r"\?")):
        by_condition(rows, condition)


def test_rows_are_chosen_by_stack_and_words_and_put_in_order(rows):
    assert ids(by_stack(rows, "decoder")) == ["tinier", "tiny"]
    assert by_stack(rows, "encoder-decoder") == []
    assert ids(by_words(rows, "rms_norm tinier")) == ["tinier"]
    assert ids(in_order(rows, "d_model")) == ["tinier", "tiny"]
    assert ids(in_order(rows, "-d_model")) == [
        "tiny",
        "tinier",
    ]
    with pytest.raises(CatalogError, match=r"did you mean decoder\?"):
        by_stack(rows, "decodr")
    with pytest.raises(CatalogError, match=r"did you mean d_model\?"):
        in_order(rows, "dmodel")


def test_a_diff_holds_only_what_differs(folder):
    found = catalog.diff("tiny", "tinier", user=folder)
    assert found["model"]["d_model"] == {"a": 32, "b": 16}
    assert found["model"]["decoder.norm.kind"] == {"a": "layer_norm", "b": "rms_norm"}
    assert set(found["facts"]) == {"name", "extends"}
    assert not any("ffn" in path for path in found["model"])
    assert catalog.diff("tiny", "tiny", user=folder) == {
        "a": "tiny", "b": "tiny", "facts": {}, "model": {}, "parameters": None, "by_module": {}, "figures": {},
    }  # fmt: skip


def test_a_diff_takes_sizes(folder):
    (folder / "tiny.yaml").write_text(FACTS + MODEL_TEXT + "sizes: {big: {n_layers: 9}}\n")
    assert catalog.diff("tiny", "tiny@big", user=folder)["model"] == {"decoder.n_layers": {"a": 2, "b": 9}}


def test_blocks_are_compared_by_what_sets_them_apart(folder):
    (folder / "two.yaml").write_text(
        FACTS
        + "extends: tiny\nmodel:\n  decoder:\n    pattern: [wide, default]\n"
        + "    blocks: {wide: {sublayers: [{ffn: {d_ff: 99}}]}}\n"
    )
    assert catalog.diff("tiny", "two", user=folder)["model"] == {
        "decoder.layers": {"a": None, "b": "wide, default"},
        "decoder.wide.ffn.d_ff": {"a": None, "b": 99},
    }


@pytest.mark.parametrize(
    ("layers", "text"),
    [
        (["a"], "1 x a"),
        (["a"] * 12, "12 x a"),
        (["a", "a", "b", "a"], "2 x a, b, a"),
        (["a", "b"] * 13, "13 x (a, b)"),
        (["c"] + ["a", "a", "b"] * 2, "1 x c, 2 x (2 x a, b)"),
    ],
)
def test_repeated_layers_are_counted(layers, text):
    assert layer_text(layers) == text


def test_a_card_holds_facts_family_and_a_drawing(folder):
    card = catalog.show("tinier", user=folder)
    assert card["lineage"] == ["tinier", "tiny"]
    assert card["built"] is None
    assert card["sizes"] == {"a": None}
    assert "attention: softmax" in card["drawing"]
    assert "rms_norm" in card["drawing"]
    assert card["spec"]["d_model"] == 16


def test_a_card_is_checked_once_and_again_after_a_change(folder):
    catalog.show("tiny", user=folder)
    path = folder / "tiny.yaml"
    path.write_text(path.read_text().replace("d_ff: 64", "d_ff: 6x"))
    os.utime(path, ns=(1, 1))
    with pytest.raises(CatalogError, match="d_ff: does not fit"):
        catalog.show("tiny", user=folder)


def test_the_schema_for_editors_describes_every_option():
    schema = catalog.json_schema()
    softmax = next(each for each in schema["$defs"]["part-attention"]["anyOf"] if "kind" in each.get("properties", ()))
    assert "n_heads" in softmax["properties"]
    assert softmax["additionalProperties"] is False
    assert schema["properties"]["model"] == {"$ref": "#/$defs/model"}
    assert "paper" in schema["required"]


def test_the_schema_for_editors_asks_for_a_model_or_the_reason_why_there_is_none():
    schema = catalog.json_schema()
    assert schema["anyOf"] == [{"required": ["model"]}, {"required": ["extends"]}, {"required": ["not_built", "stack"]}]
    assert {"parent", "family", "announced", "differs", "not_built", "stack"} <= schema["properties"].keys()


def test_a_lab_that_no_entry_has_is_refused_with_the_nearest():
    rows = [{"id": "a", "lab": "Google, DeepMind"}, {"id": "b", "lab": None}, {"id": "c", "lab": "AI2"}]
    assert ids(by_name_of(rows, "lab", "google", rows)) == ["a"]
    assert by_name_of(rows[1:2], "lab", "Google", rows) == []
    with pytest.raises(CatalogError, match=r"--lab: no entry has it \(got 'Deepmnd'.*did you mean DeepMind\?"):
        by_name_of(rows, "lab", "Deepmnd", rows)
