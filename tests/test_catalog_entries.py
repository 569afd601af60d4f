"""Entries inherit, carry strict facts, and tell all their faults at once with file and line."""

import pytest

import catalog
from catalog import CatalogError
from catalog.folders import find_sources
from catalog_samples import FACTS, MODEL_TEXT, RECORDS


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "base.yaml").write_text(FACTS + MODEL_TEXT)
    return tmp_path


def faults_of(folder, text, entry_id="it", size=None):
    (folder / f"{entry_id}.yaml").write_text(text)
    with pytest.raises(CatalogError) as caught:
        catalog.resolve(entry_id, size, user=folder, records=RECORDS)
    return [str(fault) for fault in caught.value.faults]


def resolved(folder, text, size=None, **overrides):
    (folder / "it.yaml").write_text(text)
    return catalog.resolve("it", size, overrides, user=folder, records=RECORDS)


@pytest.mark.parametrize("entry_id", find_sources())
def test_every_entry_of_the_catalog_is_sound_at_every_size(entry_id):
    catalog.check(entry_id)


def test_a_child_says_only_what_differs(folder):
    child = FACTS + "extends: base\nmodel:\n  d_ff: 128\n  decoder: {norm: rms_norm}\n"
    spec, base = resolved(folder, child), catalog.resolve("base", user=folder, records=RECORDS)
    decoder = spec["decoder"]
    assert decoder["norm"]["kind"] == "rms_norm"
    assert decoder["blocks"]["default"]["sublayers"][1]["ffn"]["d_ff"] == 128
    assert decoder["position"] == base["decoder"]["position"]


def test_sizes_go_over_the_model_and_are_inherited_until_an_entry_has_its_own(folder):
    (folder / "base.yaml").write_text(FACTS + MODEL_TEXT + "sizes: {small: {}, big: {d_model: 64, n_layers: 3}}\n")
    child = FACTS + "extends: base\n"
    assert resolved(folder, child, "big")["d_model"] == 64
    assert resolved(folder, child, "small")["d_model"] == 32
    (fault,) = faults_of(folder, child + "sizes: {huge: {d_model: 128}}\n", size="hueg")
    assert fault == "it.yaml: size: unknown size (got 'hueg'; allowed: huge; did you mean huge?)"


def test_a_cycle_of_parents_is_refused_and_names_the_chain(folder):
    (folder / "a.yaml").write_text(FACTS + "extends: it\n")
    (fault,) = faults_of(folder, FACTS + "extends: a\n")
    assert fault == "a.yaml:5: extends: the chain of parents is a cycle: it -> a -> it"


def test_an_unknown_parent_is_refused_with_the_nearest(folder):
    (fault,) = faults_of(folder, FACTS + "extends: bsae\n")
    assert fault == "it.yaml:5: extends: unknown parent (got 'bsae'; allowed: an entry's id; did you mean base?)"


def test_a_fault_that_is_inherited_stands_at_its_own_file_and_line(folder):
    (folder / "base.yaml").write_text(FACTS + MODEL_TEXT.replace("kind: softmax", "kind: softmx"))
    (fault,) = faults_of(folder, FACTS + "extends: base\n")
    assert fault.startswith("base.yaml:18: decoder.attention.kind: unknown attention kind (got 'softmx'")


def test_all_faults_of_facts_and_model_are_told_at_once_in_order(folder):
    text = FACTS.replace("2019-02", "2019").replace("[Ada, Bo]", "Ada") + "licens: MIT\nunverified: [corpse]\n"
    faults = faults_of(folder, text + MODEL_TEXT.replace("rope", "rpoe").replace("d_ff: 64", "d_ff: many"))
    assert [fault.split(" (")[0] for fault in faults] == [
        "it.yaml:2: date: must be text",
        "it.yaml:4: paper.authors: should be a valid list",
        "it.yaml:5: licens: there is no such field",
        "it.yaml:6: unverified: names no fact of an entry",
        "it.yaml:11: decoder.ffn.d_ff: does not fit",
        "it.yaml:16: decoder.position.kind: unknown position kind",
    ]
    assert "did you mean licence?" in faults[2]
    assert "did you mean rope?" in faults[5]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("name: Tiny\n", "", "it.yaml:1: name: must be given"),
        ("name: Tiny", "name: ''", "it.yaml:1: name: must not be empty"),
        ("2019-02", "2019-13", "it.yaml:2: date: must be YYYY-MM or YYYY-MM-DD (got '2019-13')"),
        ("year: 2019", "year: '2019'", "it.yaml:4: paper.year: should be a valid integer (got '2019')"),
        ("https:", "ftp:", "it.yaml:4: paper.url: must be a link"),
        ("title: A Title, ", "", "it.yaml:4: paper.title: must be given"),
        ("year: 2019", "year: 2019, arxiv: 1706.03762", "it.yaml:4: paper.arxiv: must be text (got 1706.03762"),
        ("year: 2019", "year: 2019, arxiv: abc", "it.yaml:4: paper.arxiv: must be an arXiv id in quotes"),
        ("change: nothing", "change: [a]", "it.yaml:3: change: must be text (got ['a']"),
    ],
)
def test_a_wrong_fact_is_refused(folder, old, new, message):
    (fault,) = faults_of(folder, FACTS.replace(old, new) + MODEL_TEXT)
    assert fault.startswith(message)


def test_unverified_may_name_any_fact_of_the_entry(folder):
    text = FACTS + "lab: Home\nunverified: [lab, paper.year]\n" + MODEL_TEXT
    assert resolved(folder, text) == resolved(folder, FACTS + MODEL_TEXT)


def test_published_counts_belong_to_sizes(folder):
    text = FACTS + MODEL_TEXT + "sizes: {small: {}}\npublished: {smal: 100}\n"
    assert "published: names no size of this entry (got 'smal'; allowed: small)" in faults_of(folder, text)[0]


def test_a_repeated_branch_is_refused_even_when_it_would_merge(folder):
    child = "extends: base\nmodel:\n  decoder:\n    sublayers:\n      - ffn: {}\n      - ffn: {}\n"
    (fault,) = faults_of(folder, FACTS + child)
    assert fault.startswith("it.yaml:10: decoder.ffn: the block has this branch already")


def test_a_file_in_the_wrong_folder_is_refused(folder):
    (folder / "encoder").mkdir()
    (folder / "encoder" / "lost.yaml").write_text(FACTS + MODEL_TEXT)
    with pytest.raises(CatalogError, match=r"the file lies in encoder/, but its model is decoder"):
        catalog.resolve("lost", user=folder, records=RECORDS)


def test_an_id_of_the_catalog_cannot_be_taken_by_a_users_entry(folder):
    taken = next(iter(find_sources()))
    (folder / f"{taken}.yaml").write_text(FACTS + MODEL_TEXT)
    with pytest.raises(CatalogError, match=rf"{taken}\.yaml: the id is taken by .*; give this file another name"):
        find_sources(folder)


def test_a_missing_folder_and_an_unknown_entry_are_told(folder, monkeypatch):
    with pytest.raises(CatalogError, match=r"the catalog folder is missing"):
        find_sources(folder / "nowhere")
    monkeypatch.setenv("BESTIARY_CATALOG", str(folder))
    with pytest.raises(CatalogError, match=r"unknown entry \(got 'bas'; .*did you mean base\?\)"):
        catalog.resolve("bas", records=RECORDS)


def test_an_empty_file_and_a_list_are_no_entries(folder):
    for text in ("", "- a\n"):
        (fault,) = faults_of(folder, text)
        assert fault.startswith("it.yaml:1: an entry must be a map of fields")
