"""Every variant of the library's that was marked as reproducible is an entry, or a case of one, with equal logits."""

from pathlib import Path

import pytest
import yaml

from variants.weights.parity import cases
from variants.weights.table import differences

MARKED = yaml.safe_load((Path(__file__).parent / "marked_references.yaml").read_text(encoding="utf-8"))
CLASSES = {(known.id, case): known.reference.classes for known, case in cases()}
MEASURED = differences()


def test_all_marked_variants_are_listed_and_no_two_are_the_same():
    rows = [(row["entry"], row.get("case", "")) for row in MARKED.values()]
    assert len(rows) == len(set(rows)) == 139


@pytest.mark.parametrize("key", MARKED)
def test_a_marked_variant_is_compared_and_equal(key):
    row = MARKED[key]
    entry = row["entry"], row.get("case", "")
    assert entry in CLASSES, f"{key} has no entry"
    assert row["class"] in CLASSES[entry]
    assert MEASURED[entry]
    assert max(MEASURED[entry]) < 1e-4  # as test_weights_parity.py holds today's logits to it
