"""Figures of entries: visible pairs in closed form, ranges as people write them, traits of a model."""

import pytest

import catalog
from catalog.pairs import FORMULAS, visible_pairs
from catalog.ranges import parse_range
from catalog.records import load_records
from catalog.traits import TRAITS, traits_of
from variants.conjunction import both
from variants.flops import visible_pairs as counted
from variants.parts import Site
from variants.registry import VISIBILITY, discover


def visibilities():
    """Each kind alone, and as an attention's own in a causal and in a full stack."""
    discover()
    site = Site(8, "encoder", 0, 9, 64, None)
    made = [kind.build(site, kind.tiny) for kind in VISIBILITY.kinds.values()]
    bases = [each for each in made if each.is_causal or each.is_full]
    return [*made, *(both(base, own) for base in bases for own in made if not (own.is_causal or own.is_full))]


def name_of(visibility):
    def flat(item):
        return [leaf for each in item for leaf in flat(each)] if isinstance(item, tuple) else [item]

    return "+".join(map(str, flat(visibility.signature())))


@pytest.mark.parametrize("visibility", visibilities(), ids=name_of)
def test_a_closed_form_counts_what_the_predicate_lets_be_seen(visibility):
    for tokens in (1, 3, 4, 17, 50):
        found = visible_pairs(name_of(visibility), tokens)
        assert found in (None, counted(visibility, tokens))


def test_every_visibility_that_an_entry_uses_has_a_closed_form():
    assert not [row["id"] for row in catalog.index() if row.get("parameters") and row["flops_per_token"] is None]
    assert visible_pairs("memory", 5) == 25
    assert visible_pairs("NoSuchVisibility", 5) is None
    assert ("CausalVisibility",) in FORMULAS


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [("2019", 2019, 2019), ("2019-2021", 2019, 2021), ("7B-", 7e9, None), ("-1.5b", None, 1.5e9), ("1K..2M", 1e3, 2e6)],
)
def test_a_range_is_read_as_people_write_it(text, low, high):
    found = parse_range(text, "--params")
    assert (found.low, found.high) == (low, high)
    assert None not in found


@pytest.mark.parametrize(
    ("entry", "has"),
    [
        ("gpt-2", {"mha", "absolute_position", "tied"}),
        ("llama-2", {"mha", "relative_position"}),
        ("mixtral", {"gqa", "relative_position", "moe"}),
        ("falcon", {"mqa", "relative_position", "parallel", "tied"}),
        ("deepseek-v2", {"mla", "relative_position", "moe"}),
        ("jamba", {"gqa", "no_position", "moe", "hybrid"}),
        ("gemma-2", {"gqa", "relative_position", "local", "tied"}),
        ("albert", {"mha", "absolute_position", "shared_layers", "tied"}),
        ("lstm-lm", {"attention_free"}),
    ],
)
def test_traits_say_what_several_options_say_together(entry, has):
    found = traits_of(catalog.resolve(entry), load_records())
    assert set(found) == has
    assert found == [name for name in TRAITS if name in has]


def test_traits_may_change_with_the_size():
    assert "gqa" in catalog.show("llama-2@70b")["traits"]
    assert "gqa" not in catalog.show("llama-2")["traits"]
