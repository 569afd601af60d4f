"""Which kinds combine: the generated tables are fresh, and a reason tells what is refused."""

from catalog import matrix
from variants.combining import base, part, put, why_not
from variants.matrix import main
from variants.registry import records


def test_the_tables_are_fresh():
    assert main(["--check"]) == 0


def test_a_combination_that_cannot_be_says_why():
    live = records()
    model = base("decoder")
    assert why_not(model, live) is None
    put(model, "position", "position", part("position", "alibi", live))
    put(model, "mixer", "recurrence", part("recurrence", "gru", live))
    assert "no attention of this stack would use it" in why_not(model, live)


def test_a_decoder_that_would_see_the_future_is_refused():
    live = records()
    for kind in ("full", "window", "chunk"):
        model = base("decoder")
        put(model, "visibility", "visibility", part("visibility", kind, live))
        assert why_not(model, live) == "a token of the decoder would see the future"


def test_tables_are_found_by_one_axis_or_two_and_turned():
    (found,) = matrix.choose(["mixer", "position"])
    (turned,) = matrix.choose(["position", "mixer"])
    assert (found["down"], found["across"]) == (turned["across"], turned["down"])
    assert matrix.cell(found, "softmax", "rope") == matrix.cell(turned, "rope", "softmax") == matrix.WORKS
    assert matrix.cell(found, "gru", "rope") == matrix.REFUSED
    assert {each["rows"] for each in matrix.choose(["norm"])} == {"norm"}


def test_kinds_refused_for_one_reason_stand_together():
    refused = {"alibi": {"gru": "alibi finds no attention", "lstm": "alibi finds no attention"}}
    refused["shaw"] = {"gru": "shaw finds no attention", "lstm": "shaw finds no attention"}
    table = {"rows": "position", "columns": "mixer", "across": ["gru", "lstm", "softmax"], "refused": refused}
    assert matrix.reasons(table) == {"the position finds no attention": ["alibi, shaw with gru, lstm"]}
