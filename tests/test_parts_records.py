"""The records of all kinds, as the catalog shows them."""

import pytest

from specs import live

KINDS = [(sort, kind) for sort, kinds in live().items() for kind in kinds]


@pytest.mark.parametrize(("sort", "kind"), KINDS)
def test_a_kind_says_what_it_is_in_its_first_line(sort, kind):
    doc = live()[sort][kind].doc
    assert doc.endswith(".")
    assert len(doc) <= 120


@pytest.mark.parametrize(("sort", "kind"), KINDS)
def test_a_kind_explains_each_of_its_own_options(sort, kind):
    common = {"dropout", "bias", "activation", "scale", "eps"}
    silent = [name for name, option in live()[sort][kind].options.items() if not option.doc and name not in common]
    assert not silent


@pytest.mark.parametrize(("sort", "kind"), KINDS)
def test_tiny_values_are_those_of_options(sort, kind):
    record = live()[sort][kind]
    assert set(record.tiny) <= set(record.options)
