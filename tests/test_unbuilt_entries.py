"""An entry without a model is listed with facts, and whoever wants to build it is told why that cannot be."""

import pytest

import catalog
from bestiary.fast import run
from catalog import CatalogError
from catalog.entries import Catalog
from catalog_samples import FACTS, MODEL_TEXT, RECORDS

UNBUILT = FACTS + "parent: base\nstack: other\nannounced: {big: 7.1B, huge: 1T}\nnot_built: needs a structure module\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "base.yaml").write_text(FACTS + "family: Tiny ones\n" + MODEL_TEXT)
    (tmp_path / "it.yaml").write_text(UNBUILT)
    return tmp_path


def faults_of(folder, text):
    (folder / "it.yaml").write_text(text)
    with pytest.raises(CatalogError) as caught:
        catalog.check("it", user=folder, records=RECORDS)
    return [str(fault) for fault in caught.value.faults]


def test_it_is_sound_and_its_row_has_facts_and_no_parts(folder):
    catalog.check("it", user=folder, records=RECORDS)
    row = next(row for row in catalog.index(folder) if row["id"] == "it")
    assert (row["stack"], row["parent"], row["family"], row["extends"]) == ("other", "base", "Tiny ones", None)
    assert (row["not_built"], row["published"], row["parameters"]) == ("needs a structure module", 7_100_000_000, None)
    assert (row["kinds"], row["dimensions"], row["spec_hash"]) == ({}, {}, None)


def test_building_it_names_the_reason_and_the_built_ones_it_descends_from(folder):
    (folder / "child.yaml").write_text(UNBUILT.replace("parent: base", "parent: it"))
    for name in ("it", "child"):
        with pytest.raises(CatalogError, match=r"facts alone: needs a structure module; it descends from base$"):
            catalog.resolve(name, user=folder, records=RECORDS)


def test_show_tells_the_reason_and_diff_compares_facts_alone(folder, capsys):
    assert run("show", ["it", "--catalog", str(folder)]) == 0
    shown = capsys.readouterr().out
    assert "not built    needs a structure module" in shown
    assert "big (7.1B), huge (1T)" in shown
    assert run("diff", ["it", "base", "--catalog", str(folder)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "facts      it                        base",
        "parent     base                      -",
        "not_built  needs a structure module  -",
    ]


def test_descent_goes_by_parent_and_the_model_by_extends(folder):
    (folder / "heir.yaml").write_text(FACTS + "extends: base\nparent: it\n")
    known = Catalog(folder)
    assert known.descent("heir") == ["heir", "it", "base"]
    assert known.lineage("heir") == ["heir", "base"]


def test_a_cycle_of_descent_is_refused(folder):
    (folder / "base.yaml").write_text(FACTS + "parent: it\n" + MODEL_TEXT)
    with pytest.raises(CatalogError, match="parent: the chain of parents is a cycle: it -> base -> it"):
        Catalog(folder).descent("it")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (FACTS, "it.yaml:1: model: must be given, or `not_built` with the reason"),
        (FACTS + "not_built: so\n", "it.yaml:1: stack: must be given where there is no model (allowed: encoder, "),
        (UNBUILT + "sizes: {a: {}}\n", "it.yaml:9: sizes: does nothing where there is no model"),
        (UNBUILT.replace("other", "othr"), "it.yaml:6: stack: should be 'encoder', 'decoder', 'encoder_decoder' or"),
        (UNBUILT.replace("7.1B", "7.1 B"), "it.yaml:7: announced.big: must be a rounded number with its unit"),
        (FACTS + "extends: base\nnot_built: so\n", "it.yaml:6: not_built: is said only where there is no model"),
    ],
)
def test_facts_that_contradict_the_absence_of_a_model_are_refused(folder, text, fault):
    (told,) = faults_of(folder, text)
    assert told.startswith(fault)
