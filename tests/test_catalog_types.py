"""Types of options have one name, and an annotation and its name lead to each other."""

from typing import Literal

import pytest

from catalog import types
from catalog.records import PartRecord, options_of

NAMES = [*types.SCALARS, "Choice[a|b_c]", "Part[norm]", "Parts[position]"]


@pytest.mark.parametrize("name", [*NAMES, *(f"{name} | None" for name in NAMES)])
def test_a_name_and_its_annotation_lead_to_each_other(name):
    assert types.type_name(types.annotation(name)) == name


def test_a_signature_gives_the_same_options_as_its_record():
    class Attention:
        def __init__(
            self,
            site: object,
            *,
            n_heads: types.Count,
            norm: types.NormPart | None = None,
            position: types.PositionParts | None = None,
            mode: Literal["a", "b"] = "a",
            bias: bool = True,
        ) -> None: ...

    options = options_of(Attention, {"n_heads": "heads"})
    assert {name: option.type for name, option in options.items()} == {
        "n_heads": "Count",
        "norm": "Part[norm] | None",
        "position": "Parts[position] | None",
        "mode": "Choice[a|b]",
        "bias": "Flag",
    }
    assert options["n_heads"].required
    assert options["n_heads"].doc == "heads"
    assert options["bias"].default is True
    record = PartRecord("doc", None, options, {"n_heads": 2}, ("rotate",), {"kernels": ["math"]})
    assert PartRecord.from_json(record.to_json()) == record


def test_an_annotation_without_a_name_is_refused():
    with pytest.raises(ValueError, match="has no name; allowed: Count"):
        types.type_name(int)


def test_an_option_without_annotation_is_refused():
    def part(*, width=3): ...

    with pytest.raises(ValueError, match="'width' has no annotation"):
        options_of(part)


def test_an_unknown_type_name_is_refused():
    with pytest.raises(ValueError, match="unknown option type 'Cuont'"):
        types.parse("Cuont")
