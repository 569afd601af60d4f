"""A part is completed from its options, the dimensions and its defaults, and refused with the reason."""

import pytest

from catalog import CatalogError, fill
from catalog_samples import RECORDS


def refused(sort, spec, dims=None):
    with pytest.raises(CatalogError) as caught:
        fill(sort, spec, dims, RECORDS)
    return [str(fault) for fault in caught.value.faults]


def test_a_bare_kind_is_a_part_with_its_defaults():
    assert fill("norm", "rms_norm", records=RECORDS) == {"kind": "rms_norm", "eps": 1e-6}


def test_an_option_that_is_not_given_takes_the_dimension_of_its_name():
    filled = fill("attention", {"kind": "softmax"}, {"n_heads": 8, "window": 4}, RECORDS)
    assert (filled["n_heads"], filled["window"], filled["n_kv_heads"]) == (8, 4, None)


def test_null_means_none_where_an_option_may_be_none_and_not_given_elsewhere():
    filled = fill("attention", {"kind": "softmax", "window": None, "bias": None}, {"n_heads": 8, "window": 4}, RECORDS)
    assert filled["window"] is None
    assert filled["bias"] is False


def test_nested_parts_are_filled_at_every_depth():
    filled = fill("ffn", {"kind": "moe", "expert": {"kind": "mlp"}}, {"n_experts": 4, "d_ff": 8}, RECORDS)
    assert filled["expert"] == {"kind": "mlp", "d_ff": 8, "activation": {"kind": "gelu"}, "dropout": 0.0}


def test_a_whole_number_in_a_real_option_becomes_real_so_that_both_hash_alike():
    assert repr(fill("norm", {"kind": "layer_norm", "eps": 1}, records=RECORDS)["eps"]) == "1.0"


def test_a_filled_part_fills_to_itself():
    filled = fill(
        "attention", {"sort": "attention", "kind": "softmax", "qk_norm": "rms_norm", "n_heads": 2}, {}, RECORDS
    )
    assert fill("attention", filled, {}, RECORDS) == filled


@pytest.mark.parametrize(
    ("sort", "spec", "message"),
    [
        ("nrom", "layer_norm", "unknown sort of part (got 'nrom'; allowed: activation, attention"),
        (
            "norm",
            "layernorm",
            "norm.kind: unknown norm kind (got 'layernorm'; allowed: layer_norm, rms_norm; did you mean",
        ),
        ("norm", {"eps": 1e-5}, "norm.kind: the norm must name its kind (allowed: layer_norm, rms_norm)"),
        ("norm", 3, "norm: is no part (got 3; allowed: a norm: a kind name or {kind: ..., option: ...})"),
        ("norm", {"kind": ["a"]}, "norm.kind: unknown norm kind (got ['a']"),
        (
            "attention",
            "softmax",
            "attention.n_heads: softmax needs this option (allowed: a whole number of at least 1)",
        ),
        (
            "norm",
            {"kind": "layer_norm", "epz": 1},
            "norm.epz: layer_norm has no such option (allowed: eps; did you mean eps?)",
        ),
    ],
)
def test_a_wrong_part_is_refused_with_what_is_allowed(sort, spec, message):
    (fault,) = refused(sort, spec)
    assert message in fault


@pytest.mark.parametrize(
    ("sort", "kind", "option", "value", "allowed"),
    [
        ("norm", "layer_norm", "eps", "1e-5", "a number above 0"),
        ("norm", "layer_norm", "eps", 0, "a number above 0"),
        ("norm", "layer_norm", "eps", float("nan"), "a number above 0"),
        ("norm", "layer_norm", "eps", float("inf"), "a number above 0"),
        ("norm", "layer_norm", "eps", True, "a number above 0"),
        ("cross_attention", "softmax", "n_heads", 4.0, "a whole number of at least 1"),
        ("cross_attention", "softmax", "n_heads", True, "a whole number of at least 1"),
        ("cross_attention", "softmax", "n_heads", 0, "a whole number of at least 1"),
        ("head", "lm", "tied", 1, "true or false"),
        ("embedding", "token", "dropout", 1.5, "a number from 0 to 1"),
    ],
)
def test_values_are_never_coerced(sort, kind, option, value, allowed):
    (fault,) = refused(sort, {"kind": kind, option: value})
    assert f"{sort}.{option}: does not fit" in fault
    assert f"allowed: {allowed}" in fault


def test_a_choice_and_a_flag_suggest_what_was_meant():
    assert "did you mean relu?" in refused("attention", {"kind": "linear", "n_heads": 1, "feature": "rleu"})[0]
    assert "did you mean false?" in refused("head", {"kind": "lm", "tied": "off"})[0]


def test_all_faults_of_a_part_are_told_at_once():
    assert len(refused("ffn", {"kind": "mlp", "d_ff": "x", "dropout": 2, "typo": 1, "activation": "swish"})) == 4


def test_a_list_option_checks_each_item():
    spec = {"kind": "moe", "n_experts": 2, "expert": {"kind": "mlp", "d_ff": 3}, "weights": [0.5, "a"]}
    assert "ffn.weights: does not fit" in refused("ffn", spec)[0]
