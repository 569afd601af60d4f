"""The page of options names entries that there are, every variant among them, or says which part is missing."""

import re

from catalog.entries import Catalog
from repository import ROOT

ROWS = re.findall(r"^\| (?!option|---)(.*?) \| (.*?)\|(.*?)\|$", (ROOT / "docs" / "axes.md").read_text(), re.MULTILINE)


def test_an_option_is_shown_by_entries_with_a_model_or_lacks_a_part():
    catalog = Catalog()
    for option, entries, missing in ROWS:
        named = re.findall(r"`(.*?)`", entries)
        assert named or missing.strip(), option
        assert all(catalog.entry(name).model or missing.strip() for name in named), option


def test_every_variant_stands_in_the_page():
    variants = {name for name in Catalog().sources if name.startswith("variant/")}
    named = set(re.findall(r"`(.*?)`", " ".join(entries for _, entries, _ in ROWS)))
    assert not variants - named, "give them a row, or a place in one, in docs/axes.md"
