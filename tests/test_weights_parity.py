"""Every entry with a `reference:` computes the library's logits, under every padding that the library knows."""

import pytest
import torch

from variants.weights.parity import cases, compare
from variants.weights.table import listed

CASES = list(cases())
NAMES = [f"{known.id}{'-' if case else ''}{case}" for known, case in CASES]


@pytest.mark.filterwarnings("ignore")  # the library's own warnings about tiny configs
@pytest.mark.parametrize(("known", "case"), CASES, ids=NAMES)
def test_logits_equal_those_of_the_reference(known, case):
    torch.set_num_threads(1)
    parity = compare(known, case)
    assert parity.worst < 1e-4, parity  # float32: sums of a few hundred terms of order one
    assert parity.spread > 0.03  # logits near a constant would prove nothing
    assert parity.back < 1e-6  # a gain that is stored less one loses its last bit


def test_the_table_in_the_repository_has_a_row_for_every_case():
    assert listed() == {(known.id, case) for known, case in CASES}
