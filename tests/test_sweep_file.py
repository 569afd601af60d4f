"""Sweep files: layers, presets, settings, and every fault told with its line."""

import pytest

from catalog.errors import CatalogError
from harness.sweepfile import assemble, load, parse_setting, presets_of
from harness.sweepschema import json_schema
from harness.sweepsource import find

TEXT = """\
name: norms
title: Where the norm stands
learning_rates: [3e-4, 1e-3, 3e-3, 1e-2]
tuning_seeds: [100]
reporting_seeds: [0, 1, 2, 3, 4]
train: {steps: 1000, batch_size: 8}
tables:
  bytes:
    task: {kind: language_modelling, context_length: 64}
    variants: [pre-ln, post-ln]
    size: {d_model: 64, n_layers: 2}
    margin: 0.01
  words:
    task: {kind: sequence_to_sequence}
    variants:
      transformer:
      small: {entry: transformer, size: base, set: {n_heads: null, decoder.ffn.d_ff: 96}}
    baseline: small
    budget: {match: transformer}
    train: {steps: 200}
presets:
  smoke:
    reporting_seeds: [0, 1]
    train: {steps: 5}
    tables:
      words: {train: {steps: 3}, variants: {transformer: {set: {d_model: 32}}}}
"""


@pytest.fixture
def write(tmp_path):
    def write(text):
        path = tmp_path / "norms.yaml"
        path.write_text(text)
        return path

    return write


def faults(path, **more):
    with pytest.raises(CatalogError) as error:
        load(path, **more)
    return [str(fault).replace(str(path), "FILE") for fault in error.value.faults]


def test_what_holds_for_all_tables_goes_under_what_a_table_says(write):
    sweep = load(write(TEXT))
    first, second = sweep.tables
    assert (sweep.name, sweep.preset, sweep.folder) == ("norms", "demo", "norms")
    assert (first.id, first.baseline, first.margin, first.alpha) == ("bytes", "pre-ln", 0.01, 0.05)
    assert first.learning_rates == (3e-4, 1e-3, 3e-3, 1e-2)
    assert (first.budget.view, first.budget.match) == ("non_embedding_params", "pre-ln")
    assert dict(second.train) == {"steps": 200, "batch_size": 8}
    assert (second.baseline, second.budget.match) == ("small", "transformer")


def test_a_variant_is_an_entry_or_a_map(write):
    plain, small = load(write(TEXT)).tables[1].variants
    assert (plain.name, plain.entry, plain.size, dict(plain.settings)) == ("transformer", "transformer", None, {})
    assert (small.entry, small.size) == ("transformer", "base")
    assert dict(small.settings) == {"n_heads": None, "decoder.ffn.d_ff": 96}


def test_a_preset_is_laid_over_every_table_and_its_own_tables_last(write):
    sweep = load(write(TEXT), preset="smoke")
    assert [table.train["steps"] for table in sweep.tables] == [5, 3]
    assert [table.reporting_seeds for table in sweep.tables] == [(0, 1), (0, 1)]
    assert dict(sweep.tables[1].variants[0].settings) == {"d_model": 32}
    assert sweep.folder == "norms-smoke"


def test_settings_go_over_the_preset(write):
    settings = dict(
        map(
            parse_setting,
            [
                "train.steps=7",
                "tables.words.train.steps=9",
                "reporting_seeds=5,6",
                "tuning_seeds=9",
                "tables.words.variants.small.set.decoder.ffn.d_ff=48",
                "tables.bytes.margin=null",
            ],
        )
    )
    first, second = load(write(TEXT), "smoke", settings).tables
    assert [first.train["steps"], second.train["steps"]] == [7, 9]
    assert (first.reporting_seeds, first.tuning_seeds, first.margin) == ((5, 6), (9,), None)
    assert second.variants[1].settings["decoder.ffn.d_ff"] == 48


def test_a_variant_set_to_null_by_a_preset_is_left_out(write):
    text = TEXT.replace(
        "variants: {transformer: {set: {d_model: 32}}}", "budget: {match: small}, variants: {transformer: null}"
    )
    assert [variant.name for variant in load(write(text), "smoke").tables[1].variants] == ["small"]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("title:", "titel:", "FILE:2: titel: unknown (allowed: name, title"),
        ("name: norms", "name: a/b", "FILE:1: name: names the sweep's folder (got 'a/b'"),
        ("margin: 0.01", "margn: 0.01", "FILE:12: tables.bytes.margn: unknown"),
        ("margin: 0.01", "margin: -1", "FILE:12: tables.bytes.margin: does not fit (got -1; allowed: a number above 0"),
        ("[pre-ln, post-ln]", "[]", "FILE:10: tables.bytes.variants: does not fit (got []"),
        ("baseline: small", "baseline: smal", "FILE:18: tables.words.baseline: is no variant (got 'smal'"),
        ("[100]", "[4]", "FILE:5: tables.bytes.reporting_seeds: a seed that chose the rate cannot report"),
        ("[100]", "[100, 100]", "FILE:4: tables.bytes.tuning_seeds: does not fit"),
        ("3e-4, 1e-3", "0, 1e-3", "FILE:3: tables.bytes.learning_rates: does not fit"),
        ("3e-4, 1e-3", "fast, 1e-3", "FILE:3: tables.bytes.learning_rates: does not fit"),
        ("match: transformer", "match: tansformer", "FILE:19: tables.words.budget.match: does not fit"),
        ("match: transformer", "view: parameters", "FILE:19: tables.words.budget.view: unknown (got 'parameters'"),
        ("size: base,", "siz: base,", "FILE:17: tables.words.variants.small.siz: unknown"),
        ("  smoke:\n", "  smoke:\n    trian: {}\n", "FILE:23: presets.smoke.trian: unknown"),
        ("      words: {train", "      wrods: {train", "FILE:26: presets.smoke.tables.wrods: unknown"),
        ("task: {kind: sequence_to_sequence}", "alpha: 0.05", "FILE:13: tables.words.task: must be given"),
        ("      transformer:\n", "      a/a: {entry: transformer}\n", "FILE:16: tables.words.variants.a/a: the name"),
    ],
)
def test_a_fault_is_told_with_its_line_and_what_is_allowed(write, old, new, told):
    assert old in TEXT
    assert any(fault.startswith(told) for fault in faults(write(TEXT.replace(old, new, 1))))


def test_a_misspelt_word_gets_a_suggestion_and_all_faults_come_at_once(write):
    found = faults(write(TEXT.replace("margin:", "margn:").replace("baseline: small", "baseline: smal")))
    assert len(found) == 2
    assert "did you mean margin?" in found[0]
    assert "did you mean small?" in found[1]


def test_a_preset_that_is_not_chosen_is_checked_too(write):
    (fault,) = faults(write(TEXT.replace("{steps: 3}", "3")))
    assert fault.startswith("FILE:26: tables.words.train: does not fit (got 3")


def test_a_table_set_to_null_is_left_out(write):
    path = write(TEXT)
    assert [table.id for table in load(path, settings={"tables.bytes": None}).tables] == ["words"]
    assert "none is left" in faults(path, settings={"tables.bytes": None, "tables.words": None})[0]


def test_unknown_presets_settings_and_files_are_refused(write):
    path = write(TEXT)
    assert "did you mean smoke?" in faults(path, preset="smok")[0]
    assert "unknown" in faults(path, settings={"trane.steps": 3})[0]
    assert "tables: does not fit (got 5" in faults(path, settings={"tables": 5})[0]
    assert "tables.bytes: does not fit (got 5" in faults(path, settings={"tables.bytes": 5})[0]
    assert "--set tables.wrds.train" in faults(path, settings={"tables.wrds.train": {}})[0]
    with pytest.raises(CatalogError, match="no such sweep file"):
        find("no-such-sweep")
    with pytest.raises(CatalogError, match="path=value"):
        parse_setting("steps")
    assert presets_of(path) == ["demo", "smoke"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("name: x\n\ttables: {}\n", "tab"),
        ("name: x\nname: y\n", "given twice"),
        ("[1, 2]\n", "a sweep file is a map"),
        ("", "a sweep file is a map"),
        ("name: x\n", "tables: does not fit"),
    ],
)
def test_what_is_no_sweep_file_is_refused_in_one_line(write, text, told):
    (fault,) = faults(write(text))
    assert told in fault


def test_a_document_without_a_file_is_read_alike():
    document = {
        "name": "two",
        "learning_rates": [1e-3],
        "tuning_seeds": [9],
        "reporting_seeds": [0],
        "tables": {"t": {"task": {"kind": "copy"}, "variants": ["a", "b"]}},
    }
    (table,) = assemble(document).tables
    assert [variant.name for variant in table.variants] == ["a", "b"]
    with pytest.raises(CatalogError, match=r"tables\.t\.alpha"):
        assemble(document, settings={"alpha": 2})


def test_a_sweep_may_extend_another_and_says_only_what_differs(write, tmp_path):
    write(TEXT)
    child = tmp_path / "mine.yaml"
    child.write_text(
        "name: mine\nextends: norms.yaml\nreporting_seeds: [7]\ntables: {words: null, bytes: {margin: 0.5}}\n"
    )
    (table,) = load(child).tables
    assert (table.id, table.margin, table.reporting_seeds, table.train["steps"]) == ("bytes", 0.5, (7,), 1000)
    assert presets_of(child) == ["demo", "smoke"]
    assert load(child, "smoke").tables[0].train["steps"] == 5
    shipped = tmp_path / "shipped.yaml"
    shipped.write_text("name: fewer\nextends: demo\ntables: {families: null}\n")
    assert [table.id for table in load(shipped).tables] == ["norm-placement", "grapheme-to-phoneme"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("extends: norms.yaml\n", "name: must be given where a sweep extends another"),
        ("name: mine\nextends: mine.yaml\n", "extends: comes back to the file itself (got 'mine.yaml')"),
        (
            "name: mine\nextends: demi\n",
            "mine.yaml:2: extends: no such sweep file (got 'demi'; allowed: the path of a YAML file, or demo",
        ),
        ("name: mine\nextends: [demo]\n", "extends: does not fit"),
    ],
)
def test_a_parent_that_cannot_serve_is_told(write, tmp_path, text, told):
    write(TEXT)
    child = tmp_path / "mine.yaml"
    child.write_text(text)
    with pytest.raises(CatalogError) as error:
        load(child)
    assert told in str(error.value)


def test_the_schema_for_editors_knows_every_field_and_every_way_to_train():
    schema = json_schema()
    table = schema["properties"]["tables"]["additionalProperties"]["anyOf"][0]["properties"]
    assert {"task", "variants", "budget", "margin", "train"} <= set(table)
    assert "learning_rate" not in table["train"]["properties"]
    kinds = {name: schema["$defs"][f"part-{name}"]["anyOf"][0]["enum"] for name in ("schedule", "optimizer", "task")}
    assert "wsd" in kinds["schedule"]
    assert "muon" in kinds["optimizer"]
    assert "copy" in kinds["task"]
