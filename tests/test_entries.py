"""Every entry of the catalog: its certificate, its published counts, and what is generated from it."""

from __future__ import annotations

import pytest

from catalog.access import resolve
from catalog.built import built
from catalog.entries import Catalog
from catalog.resolution import spec_hash
from variants.certificate import check_entries
from variants.index import main

ENTRIES = sorted(name for name in Catalog().sources if Catalog().entry(name).stacks != "none")


@pytest.mark.parametrize("entry", ENTRIES)
def test_every_entry_passes_its_certificate_and_has_its_published_counts(entry: str) -> None:
    (check,) = check_entries([entry])
    assert check.ok, check.to_json()["faults"]


def test_generated_files_are_fresh() -> None:
    assert main(["--check"]) == 0


def test_cache_bytes_follow_from_heads_layers_and_windows() -> None:
    # keys and values of 32 layers, 32 heads of 128 numbers, 4 bytes each
    llama = built(spec_hash(resolve("llama-2")))
    assert llama is not None
    assert llama["state_bytes"] == {"fixed": 0, "per_token": 2 * 32 * 32 * 128 * 4}
    # 8 heads in groups, and never more than a window of 4096 slots
    mistral = built(spec_hash(resolve("mistral-7b")))
    assert mistral is not None
    assert mistral["state_bytes"] == {"fixed": 4096 * 2 * 32 * 8 * 128 * 4, "per_token": 0}
    # an LSTM keeps one state and one cell per layer, however long the text
    lstm = built(spec_hash(resolve("lstm-lm")))
    assert lstm is not None
    assert lstm["state_bytes"] == {"fixed": 2 * 2 * 650 * 4, "per_token": 0}
