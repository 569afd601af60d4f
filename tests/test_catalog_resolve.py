"""A model as written becomes a spec that says everything, or is refused with the reason."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog import CatalogError, parse_overrides, resolve_model, spec_hash
from catalog.records import PartRecord
from catalog_samples import RECORDS, tiny_model


def resolved(model=None, overrides=None):
    return resolve_model(model or tiny_model(), RECORDS, overrides)


def refused(model=None, overrides=None):
    with pytest.raises(CatalogError) as caught:
        resolved(model, overrides)
    return [str(fault) for fault in caught.value.faults]


def with_blocks(**fields):
    model = tiny_model()
    model["decoder"] |= {"blocks": {"local": {"sublayers": [{"attention": {"window": 4}}]}, "global": {}}, **fields}
    return model


def test_every_option_of_every_part_is_filled_in():
    spec = resolved()
    norm = {"kind": "layer_norm", "eps": 1e-6}
    assert spec["encoder"] is None
    assert spec["init"] == {"kind": "normal", "std": 1.0}
    decoder = spec["decoder"]
    assert decoder["position"] == [{"kind": "learned", "context_length": 16}]
    assert decoder["visibility"] == {"kind": "causal"}
    assert decoder["norm"] == norm
    assert decoder["residual"] == {"kind": "pre_norm", "norm": norm}
    assert decoder["layers"] == ["default"] * 4
    assert decoder["groups"] == [0, 1, 2, 3]
    attention = decoder["blocks"]["default"]["sublayers"][0]["attention"]
    assert list(attention)[:2] == ["sort", "kind"]
    assert attention["n_heads"] == 4
    assert attention["bias"] is True


def test_the_hash_knows_the_values_and_not_the_order_or_the_way_they_were_written():
    model = tiny_model()
    model["decoder"]["residual"] = {"kind": "pre_norm"}
    model["decoder"]["sublayers"][0]["attention"]["n_heads"] = model.pop("n_heads")
    assert spec_hash(resolved(dict(reversed(model.items())))) == spec_hash(resolved())
    assert spec_hash(resolved(overrides={"d_ff": 65})) != spec_hash(resolved())


def test_a_pattern_is_tiled_between_prefix_and_suffix():
    spec = resolved(with_blocks(pattern=["local", "global"], prefix=["default"], suffix=["local"]))
    assert spec["decoder"]["layers"] == ["default", "local", "global", "local"]
    blocks = spec["decoder"]["blocks"]
    windows = {name: block["sublayers"][0]["attention"]["window"] for name, block in blocks.items()}
    assert windows == {"default": None, "local": 4, "global": None}


def test_a_block_may_have_its_own_norm_and_its_residual_follows():
    model = with_blocks(pattern=["local", "global"])
    model["decoder"]["blocks"]["local"]["norm"] = "rms_norm"
    block = resolved(model)["decoder"]["blocks"]["local"]
    assert block["norm"]["kind"] == block["residual"]["norm"]["kind"] == "rms_norm"


@pytest.mark.parametrize(
    ("share", "groups"),
    [({"groups": 1}, [0, 0, 0, 0]), ({"groups": 2}, [0, 0, 1, 1]), ({"groups": [5, 7, 5, 7]}, [0, 1, 0, 1])],
)
def test_layers_share_weights_by_group(share, groups):
    model = tiny_model()
    model["decoder"]["share"] = share
    assert resolved(model)["decoder"]["groups"] == groups


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"pattern": ["local", "globl"]},
            "decoder.pattern: unknown block (got 'globl'; allowed: default, local, global",
        ),
        ({"pattern": ["local", "global", "local"]}, "a pattern of 3 blocks does not tile n_layers = 4"),
        (
            {"prefix": ["local"] * 3, "suffix": ["global"] * 2},
            "prefix and suffix name 5 layers, more than n_layers = 4",
        ),
        ({"pattern": ["local"]}, "decoder.blocks.global: no layer uses this block"),
        ({"pattern": "local"}, "decoder.pattern: must be a list of block names (got 'local'"),
        ({"pattern": ["local", "global"], "share": {"groups": 1}}, "layers of one group must be of one block"),
        ({"pattern": ["local", "global"], "share": 3}, "decoder.share: must say how many groups"),
    ],
)
def test_layers_that_cannot_be_laid_out_are_refused(fields, message):
    assert any(message in fault for fault in refused(with_blocks(**fields)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"window_size": 3},
            "window_size: no part takes this dimension, it would do nothing (got 3; did you mean window?)",
        ),
        ({"decodr": {}}, "decodr: the model has no such field"),
        ({"d_model": "big"}, "d_model: does not fit (got 'big'; allowed: a whole number of at least 1)"),
        ({"d_model": None}, "d_model: the model needs this dimension"),
        ({"n_layers": None}, "decoder.n_layers: the stack needs this dimension"),
        ({"decoder": None}, "the model has no stack (allowed: encoder, decoder or both)"),
        ({"decoder": [1]}, "decoder: a stack must be a map"),
        ({"head": None}, "head: must be given (allowed: lm)"),
    ],
)
def test_a_wrong_model_is_refused(change, message):
    assert any(message in fault for fault in refused({**tiny_model(), **change}))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"residual": None}, "decoder.residual: must be given (allowed: pre_norm, rezero)"),
        ({"norm": None}, "decoder.residual.norm: pre_norm needs this option"),
        ({"patern": ["a"]}, "decoder.patern: decoder has no such field"),
        ({"sublayers": None}, "decoder.sublayers: must be a list of sublayers, at least one"),
        ({"sublayers": ["attention"]}, "decoder.sublayers: a sublayer must be a map of branches (got 'attention'"),
        ({"sublayers": [{"atention": {"kind": "softmax"}}]}, "decoder.atention: unknown sort of part (got 'atention'"),
        (
            {"sublayers": [{"ffn": {"kind": "mlp"}}, {"ffn": {"kind": "mlp"}}]},
            "decoder.ffn: the block has this branch already",
        ),
        ({"sublayers": [{"cross_attention": {"kind": "softmax"}}]}, "reads an encoder's output"),
        ({"blocks": [1]}, "decoder.blocks: must be a map of block names"),
        ({"blocks": {"a": {"norms": 1}}, "pattern": ["a"]}, "decoder.a.norms: a block has no such field"),
    ],
)
def test_a_wrong_stack_is_refused(change, message):
    model = tiny_model()
    model["decoder"] |= change
    assert any(message in fault for fault in refused(model))


def test_a_position_that_attention_does_not_honour_is_refused_with_the_kinds_that_do():
    faults = refused(overrides={"decoder.position.kind": "rope", "decoder.attention.kind": "linear"})
    assert faults == [
        "override decoder.position.kind=rope: decoder.position: rope acts through rotate, which attention linear"
        " (decoder.attention) does not honour (allowed: attention kinds softmax)"
    ]


def test_a_position_that_needs_attention_is_refused_where_there_is_none():
    model = tiny_model() | {"d_state": 8, "n_heads": None}
    model["decoder"] |= {"position": "alibi", "sublayers": [{"recurrence": {"kind": "gru"}}, {"ffn": {"kind": "mlp"}}]}
    assert "alibi acts through attention (bias), and no attention of this stack would use it" in refused(model)[0]


def test_a_position_of_a_branch_replaces_that_of_the_stack():
    model = tiny_model()
    model["decoder"]["sublayers"][0]["attention"]["position"] = ["rope"]
    model["decoder"]["position"] = "alibi"
    assert "no attention of this stack would use it" in refused(model)[0]


def test_an_encoder_and_a_decoder_may_differ_in_their_dimensions():
    model = tiny_model()
    model["encoder"] = {**tiny_model()["decoder"], "n_layers": 2, "n_heads": 2}
    model["decoder"]["sublayers"].insert(1, {"cross_attention": {"kind": "softmax"}})
    spec = resolved(model | {"source_vocab_size": 50})
    assert spec["source_vocab_size"] == 50
    assert len(spec["encoder"]["layers"]) == 2
    heads = [
        spec[stack]["blocks"]["default"]["sublayers"][0]["attention"]["n_heads"] for stack in ("encoder", "decoder")
    ]
    assert heads == [2, 4]
    assert spec["encoder"]["visibility"]["kind"] == "full"


def test_overrides_address_names_in_all_blocks():
    model = with_blocks(pattern=["local", "global"])
    blocks = resolved(model, {"decoder.attention.window": 9, "decoder.ffn.dropout": 0.5})["decoder"]["blocks"]
    assert [block["sublayers"][0]["attention"]["window"] for block in blocks.values()] == [9, 9]
    assert [block["sublayers"][1]["ffn"]["dropout"] for block in blocks.values()] == [0.5, 0.5]
    one = resolved(model, {"decoder.global.attention.window": 9})["decoder"]["blocks"]
    assert [block["sublayers"][0]["attention"]["window"] for block in one.values()] == [4, 9]


def test_overrides_are_typed_as_path_and_value():
    typed = [
        "d_model=64",
        "decoder.position.kind=rope",
        "head.tied=false",
        "decoder.pattern=[a, b]",
        "n_layers=",
        "a=b=c",
    ]
    assert list(parse_overrides(typed).values()) == [64, "rope", False, ["a", "b"], None, "b=c"]
    for text in ("d_model", "=3", "decoder..norm=3"):
        with pytest.raises(CatalogError, match=r"is no override \(got .*; allowed: path=value"):
            parse_overrides([text])


def test_a_residual_scheme_that_normalises_needs_the_stacks_norm():
    records = {**RECORDS, "residual": {"post_norm": PartRecord(hooks=("norm",))}}
    model = tiny_model()
    model["decoder"] |= {"residual": "post_norm", "norm": None}
    with pytest.raises(CatalogError, match=r"decoder\.norm: residual post_norm normalises, so the stack"):
        resolve_model(model, records)


def test_an_override_of_a_kind_goes_first_and_drops_older_options():
    spec = resolved(overrides={"decoder.attention.feature": "relu", "decoder.attention.kind": "linear"})
    attention = spec["decoder"]["blocks"]["default"]["sublayers"][0]["attention"]
    assert attention == {"sort": "attention", "kind": "linear", "n_heads": 4, "feature": "relu"}


def test_overrides_reach_dimensions_positions_and_nested_parts():
    spec = resolved(
        overrides={
            "d_model": 64,
            "decoder.n_layers": 2,
            "decoder.position": "alibi",
            "decoder.residual.norm": "rms_norm",
        }
        | {"n_layers": None}
    )
    assert (spec["d_model"], spec["decoder"]["n_layers"]) == (64, 2)
    assert spec["decoder"]["position"] == [{"kind": "alibi"}]
    assert spec["decoder"]["residual"]["norm"]["kind"] == "rms_norm"
    assert spec["decoder"]["norm"]["kind"] == "layer_norm"


def test_an_override_names_one_of_several_positions_by_its_kind():
    model = tiny_model()
    model["decoder"]["position"] = ["learned", "rope"]
    spec = resolved(model, {"decoder.position.rope.theta": 5})
    assert spec["decoder"]["position"][1] == {"kind": "rope", "theta": 5.0}
    assert "has no such position" in refused(model, {"decoder.position.alibi.theta": 5})[0]


@pytest.mark.parametrize(
    ("path", "suggestion"),
    [
        ("decoder.atention.n_heads", "did you mean attention?"),
        ("decodr.attention.n_heads", "did you mean decoder?"),
        ("decoder.attention.n_hedas", "did you mean n_heads?"),
        ("n_hedas", "did you mean n_heads?"),
        ("decoder.locl.attention.window", "did you mean local?"),
        ("decoder.local.atention.window", "did you mean attention?"),
        ("decoder.norm.epz", "did you mean eps?"),
    ],
)
def test_an_override_that_leads_nowhere_is_refused(path, suggestion):
    faults = refused(with_blocks(pattern=["local", "global"]), {path: 1})
    assert suggestion in faults[0]
    assert faults[0].startswith(f"override {path}=1: ")


def test_an_overridden_dimension_that_every_part_sets_itself_is_refused_with_the_place():
    model = tiny_model()
    model["decoder"]["sublayers"][0]["attention"]["n_heads"] = 2
    (fault,) = refused(model)
    assert "every part that has this option sets its own value" in fault
    assert "decoder.attention.n_heads?" in fault


def test_a_spec_without_checks_is_the_same_spec():
    assert resolve_model(tiny_model(), RECORDS, check=False) == resolved()


NAMES = [
    "decoder",
    "encoder",
    "position",
    "attention",
    "ffn",
    "local",
    "blocks",
    "sublayers",
    "norm",
    "residual",
    "kind",
    "rope",
    "n_heads",
    "share",
    "head",
]


@settings(deadline=None, derandomize=True, max_examples=200)
@given(
    path=st.lists(st.sampled_from([*NAMES, "", "0"]), min_size=1, max_size=4).map(".".join),
    value=st.one_of(
        st.none(), st.integers(), st.text(max_size=3), st.sampled_from(NAMES), st.lists(st.integers(), max_size=2)
    ),
)
def test_an_arbitrary_override_never_gives_a_traceback(path, value):
    with contextlib.suppress(CatalogError):
        resolved(with_blocks(pattern=["local", "global"]), {path: value})
