"""The catalog's own entries keep its rules, and each rule finds what breaks it."""

import pytest

from catalog import lint
from catalog.entries import Catalog
from catalog.lint import lint_entry
from catalog_samples import FACTS

REST = "lab: Home\nlicence: MIT\ncorpus: words\nobjective: guessing\napplication: games\n"
UNBUILT = FACTS + REST + "stack: decoder\nnot_built: needs more\n"
BUILT = FACTS + REST + "extends: gpt\nsizes: {a: {}}\n"


@pytest.fixture
def found(tmp_path, monkeypatch):
    def linted(text, name="it"):
        (tmp_path / f"{name}.yaml").write_text(text)
        return [str(fault).removeprefix(f"{tmp_path}/") for fault in lint_entry(Catalog(tmp_path), name)]

    monkeypatch.chdir(tmp_path)
    return linted


def test_the_catalog_keeps_its_rules():
    assert [str(fault) for fault in lint.lint()] == []


def test_an_id_of_other_letters_is_found(found):
    (fault,) = found(UNBUILT, "It_1")
    assert fault.startswith("It_1.yaml:1: id: does not read as an id (got 'It_1'")


def test_an_entry_older_than_its_parent_is_found(found):
    (fault,) = found(UNBUILT.replace("2019-02", "2019-01") + "parent: gpt-2\n")
    assert "date: is before that of gpt-2, which it descends from (got '2019-01'; allowed: from 2019-02 on)" in fault


def test_a_variant_of_another_month_than_its_paper_is_found(found, tmp_path):
    (tmp_path / "variant").mkdir()
    paper = "paper: {title: A, authors: [B], year: 2019, url: 'https://arxiv.org/abs/1901.02860'}\n"
    text = f"name: It\ndate: 2019-02\nchange: none\nextends: gpt\n{paper}"
    (fault,) = found(text, "variant/it")
    assert "date: is not the month of its paper (got '2019-02'; allowed: 2019-01)" in fault
    assert found(text.replace("2019-02", "2019-01-09"), "variant/it") == []


def test_a_licence_outside_the_list_is_found_and_a_remark_is_not(found):
    assert found(UNBUILT.replace("MIT", "MIT (code alone)")) == []
    (fault,) = found(UNBUILT.replace("MIT", "Mit"))
    assert "licence: is not in the list (got 'Mit'" in fault


def test_a_fact_is_given_or_named_as_not_looked_up(found):
    (fault,) = found(UNBUILT.replace("corpus: words\n", ""))
    assert fault.endswith("corpus: must be given, or named under `unverified`")
    assert found(UNBUILT.replace("corpus: words\n", "unverified: [corpus]\n")) == []


@pytest.mark.parametrize(
    ("counts", "built_count", "fault"),
    [
        ("announced: {a: 7B}", 7_060_000_000, None),
        ("announced: {a: 7B}", 6_740_000_000, "announced.a: but 6,740,000,000 parameters are built, 1% or more apart"),
        ("announced: {a: 7B}\ndiffers: {a: rounded up}", 6_740_000_000, None),
        ("announced: {a: 7B}\ndiffers: {a: rounded up}", 7_000_000_000, "announced.a: 7,000,000,000 parameters are"),
        ("published: {a: 100}", 101, "published.a: but 101 parameters are built (got 100)"),
        ("published: {a: 100}", None, "published.a: was not built since it last changed"),
    ],
)
def test_built_counts_are_those_published_or_near_those_announced(found, monkeypatch, counts, built_count, fault):
    monkeypatch.setattr(lint, "parameters", lambda digest: built_count)
    faults = found(BUILT + counts + "\n")
    assert [fault in each for each in faults] == ([] if fault is None else [True])
