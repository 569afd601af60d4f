"""Entries of single changes: a variant differs from its baseline in one place; some entry uses each kind of part."""

import pytest

import catalog
from catalog.entries import Catalog
from catalog.folders import find_sources
from catalog.hooks import STACK_HOOKS
from catalog.records import load_records
from catalog_samples import FACTS, MODEL_TEXT

VARIANTS = [entry for entry in find_sources() if entry.startswith("variant/")]
LAYOUT = ("layers", "sublayers", "n_layers")  # which layers have the change, and which branches: a part of the change


def places(parent, entry):
    """The parts that differ, such as `decoder.attention`.

    A norm that a residual scheme has no use for goes with it, and so does a position with the only attention that reads
    it, or a block that merely leaves branches of the common one out.
    """
    difference, spec = catalog.diff(parent, entry)["model"], catalog.resolve(entry)
    found = {".".join(path.split(".")[:2]) if path.startswith(("encoder", "decoder")) else path.split(".")[0]
             for path in difference}  # fmt: skip
    changes = {place for place in found if place.split(".")[-1] not in LAYOUT} or found
    for stack in ("encoder", "decoder"):
        if spec[stack] is not None:
            changes -= {f"{stack}.{name}" for name in shortened(spec[stack]["blocks"])}
            changes -= set(followers(stack, difference))
    return changes or {"layers"}


def shortened(blocks):
    """Names of the blocks that have branches of the default one and no others."""
    common = blocks.get("default")
    for name, block in blocks.items() if common else ():
        known = all(branch in branches(common) for branch in branches(block))
        if known and {**block, "sublayers": None} == {**common, "sublayers": None}:
            yield name


def branches(block):
    return [branch for sublayer in block["sublayers"] for branch in sublayer.items()]


def followers(stack, difference):
    """What a change of another part brings with it."""
    kinds = {part: difference.get(f"{stack}.{part}.kind") for part in ("norm", "residual", "attention", "position")}
    if kinds["norm"] and kinds["norm"]["b"] is None and kinds["residual"]:
        yield f"{stack}.norm"
    if kinds["position"] and kinds["attention"]:
        needed = set(load_records()["position"][kinds["position"]["b"]].hooks) - set(STACK_HOOKS)
        if not needed <= set(load_records()["attention"][kinds["attention"]["a"]].hooks):
            yield f"{stack}.position"


@pytest.mark.parametrize("entry", VARIANTS)
def test_a_variant_differs_from_its_baseline_in_one_place(entry):
    parent = Catalog().raw(entry)["extends"]
    assert len(places(parent, entry)) == 1, sorted(catalog.diff(parent, entry)["model"])


def test_every_registered_kind_is_used_by_an_entry():
    used = {(sort, kind) for row in catalog.index() for sort, kinds in row.get("kinds", {}).items() for kind in kinds}
    missing = {(sort, kind) for sort, kinds in load_records().items() for kind in kinds} - used
    assert not missing, "show what these kinds change in an entry, such as catalog/variant/<name>.yaml"


@pytest.mark.parametrize("stack", ["", "-encoder", "-encoder-decoder"])
def test_the_twins_of_each_stack_differ_in_the_place_of_the_norm_alone(stack):
    difference = catalog.diff(f"pre-ln{stack}", f"post-ln{stack}")["model"]
    assert {path.split(".", 1)[1].split(".")[0] for path in difference} == {"residual"}


def test_a_variant_may_be_meant_by_its_name_alone():
    with pytest.raises(catalog.CatalogError, match=r"did you mean variant/rope\?"):
        catalog.show("rope")


def test_a_users_folder_may_hold_variants_too(tmp_path):
    (tmp_path / "base.yaml").write_text(FACTS + MODEL_TEXT)
    (tmp_path / "variant").mkdir()
    (tmp_path / "variant" / "mine.yaml").write_text(FACTS + "extends: base\nmodel: {decoder: {norm: rms_norm}}\n")
    assert catalog.resolve("variant/mine", user=tmp_path)["decoder"]["norm"]["kind"] == "rms_norm"
