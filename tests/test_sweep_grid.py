"""Grids of a sweep file: the variants that they stand for, and what is wrong with them."""

import pytest

from catalog.errors import CatalogError
from catalog.yaml_loader import load_text
from harness.sweepfile import assemble

TABLE = """
name: own
tuning_seeds: [100]
reporting_seeds: [0]
learning_rates: [1e-3]
tables:
  one:
    task: {kind: copy}
    grid:
      entry: pre-ln
      axes:
        decoder.norm.kind: [layer_norm, rms_norm]
        residual: {pre: null, post: {decoder.residual.kind: post_norm}}
"""


def variants(text):
    return assemble(load_text(text, "own.yaml")).tables[0].variants


def test_a_full_grid_has_every_combination_and_its_first_row_is_the_baseline():
    table = assemble(load_text(TABLE, "own.yaml")).tables[0]
    names = [variant.name for variant in table.variants]
    assert names == [
        "norm=layer_norm,residual=pre",
        "norm=layer_norm,residual=post",
        "norm=rms_norm,residual=pre",
        "norm=rms_norm,residual=post",
    ]
    assert table.baseline == names[0]
    last = table.variants[-1]
    assert last.levels == {"decoder.norm.kind": "rms_norm", "residual": "post"}
    assert last.settings == {"decoder.norm.kind": "rms_norm", "decoder.residual.kind": "post_norm"}
    assert {variant.entry for variant in table.variants} == {"pre-ln"}


def test_one_by_one_goes_up_in_single_changes_and_leaves_each_out_at_the_end():
    text = TABLE + "        decoder.position.kind: [learned, rope]\n      rows: one_by_one\n"
    found = [tuple(variant.levels.values()) for variant in variants(text)]
    first, last = ("layer_norm", "pre", "learned"), ("rms_norm", "post", "rope")
    assert found[0] == first
    assert found[3] == last
    assert found[1:3] == [("rms_norm", "pre", "learned"), ("rms_norm", "post", "learned")]
    assert found[4:] == [("layer_norm", "post", "rope"), ("rms_norm", "pre", "rope")]
    assert len(set(found)) == len(found)
    names = [variant.name for variant in variants(text)]
    assert names == ["start", "+ norm", "+ residual", "end", "end without norm", "end without residual"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("entry: pre-ln", "entrie: pre-ln", "did you mean entry"),
        ("      entry: pre-ln\n", "", "one.grid.entry: must be given"),
        ("[layer_norm, rms_norm]", "[layer_norm]", "a list of two values or more"),
        ("[layer_norm, rms_norm]", "layer_norm", "one.grid.axes.decoder.norm.kind: does not fit"),
        ("      axes:", "      rows: ful\n      axes:", "did you mean full"),
        ("    grid:", "    variants: [pre-ln]\n    grid:", "stands beside variants"),
    ],
)
def test_what_is_wrong_with_a_grid_names_its_line_and_field(old, new, said):
    assert old in TABLE
    with pytest.raises(CatalogError) as caught:
        variants(TABLE.replace(old, new))
    assert said in str(caught.value)
    assert "own.yaml:" in str(caught.value)
