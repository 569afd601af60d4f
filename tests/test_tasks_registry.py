"""Task blocks are validated like the parts of a model."""

import pytest

from catalog.errors import CatalogError
from harness.tasks.registry import TASK, build_task, fill_task, task_kinds
from harness.tasks.task import Task


def test_the_kinds_of_the_project_are_found_by_themselves():
    expected = {"language_modelling", "sequence_to_sequence", "classification", "image_classification", "copy", "mqar"}
    assert expected <= set(task_kinds())


def test_a_bare_kind_is_filled_with_every_option():
    assert fill_task("language_modelling") == {
        "kind": "language_modelling",
        "data": "shakespeare",
        "unit": "byte",
        "vocabulary_size": None,
        "context_length": 64,
        "evaluation_tokens": 32_768,
    }


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ({"kind": "language_modeling"}, r"task.kind: unknown task kind .*did you mean language_modelling\?"),
        ({"kind": "copy", "symbol": 3}, r"task.symbol: copy has no such option .*did you mean symbols\?"),
        (
            {"kind": "copy", "symbols": "3"},
            r"task.symbols: does not fit \(got '3'; allowed: a whole number of at least 1\)",
        ),
        ({"kind": "copy", "symbols": True}, "task.symbols: does not fit"),
        ({"kind": "mqar", "pairs": 0}, "task.pairs: does not fit"),
        ({"kind": "classification", "unit": "words"}, r"task.unit: does not fit .*did you mean word\?"),
        ({"data": "g2p"}, "task.kind: the task must name its kind"),
        ([], "task: is no part"),
    ],
)
def test_a_wrong_block_says_what_is_allowed(block, message):
    with pytest.raises(CatalogError, match=message):
        build_task(block)


def test_all_faults_of_a_block_are_told_at_once():
    with pytest.raises(CatalogError) as caught:
        build_task({"kind": "mqar", "pairs": 0, "power": -1, "extra": 1})
    assert len(caught.value.faults) == 3


@pytest.mark.parametrize(
    ("block", "message"),
    [
        (
            {"kind": "sequence_to_sequence", "data": "date"},
            r"got 'date'; allowed: dates, .*did you mean dates\?",
        ),
        ({"kind": "classification", "data": "shakespeare"}, "no such labelled texts .*allowed: wordnet"),
        ({"kind": "image_classification", "data": "mnist"}, "no such images .*allowed: digits"),
        ({"kind": "image_classification", "patch": 3}, r"patch: does not tile 8 pixels \(got 3; allowed: 1, 2, 4, 8\)"),
        ({"kind": "classification", "unit": "byte", "vocabulary_size": 300}, "vocabulary_size: bytes have a fixed"),
        ({"kind": "classification", "vocabulary_size": 4}, r"vocabulary_size: no room for words \(got 4"),
        ({"kind": "copy", "shortest": 9, "longest": 8}, r"must not fall \(got 9, 8, 8\)"),
        ({"kind": "copy", "longest_test": 10}, r"must not fall \(got 8, 16, 10\)"),
        (
            {"kind": "selective_copy", "copied": 17},
            r"copied: does not fit .*got 17; allowed: at most 16\)",
        ),
        ({"kind": "needle", "needles": 8}, r"needles: do not fit the shortest row \(got 8; allowed: at most 7\)"),
        ({"kind": "needle", "values": 1}, r"values: leave no question \(got 1"),
        ({"kind": "dyck", "brackets": 1}, r"brackets: leaves no question \(got 1"),
        ({"kind": "listops", "shortest": 3}, r"shortest: too few for a list \(got 3; allowed: 4 or more\)"),
        ({"kind": "modular_arithmetic", "modulus": 1}, r"modulus: leaves one answer \(got 1"),
        ({"kind": "induction", "vocabulary_size": 23}, r"vocabulary_size: too few .*got 23; allowed: 24 or more"),
        ({"kind": "induction", "shortest": 1}, r"shortest: a row of one token repeats nothing"),
        ({"kind": "mqar", "context_length": 15}, r"context_length: too short .*got 15; allowed: 16 or more"),
        ({"kind": "mqar", "vocabulary_size": 33}, r"vocabulary_size: .*got 33; allowed: even numbers from 8"),
    ],
)
def test_values_that_cannot_go_together_are_refused(block, message):
    with pytest.raises(ValueError, match=message):
        build_task(block)


def test_a_kind_cannot_be_registered_twice():
    task_kinds()
    with pytest.raises(ValueError, match="the task kind 'copy' is taken"):

        @TASK.register("copy")
        class Other(Task):
            """Another task of the same name."""
