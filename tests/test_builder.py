"""The builder stays one builder: short, blind to names, and open to a new kind in one new file."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
import torch

import variants
from specs import decoder_spec, encoder_decoder_spec, encoder_spec, tokens
from test_certificate import forget
from variants import build_model, count_parameters, generate, resize, shrink
from variants.certificate import certify
from variants.registry import SORTS, discover

ROOM = Path(variants.__file__).parent

NEW_KIND = '''"""Attention whose scores are halved."""

from torch import Tensor

from catalog.types import Count
from variants.attention.softmax import SoftmaxAttention
from variants.parts import Site
from variants.registry import ATTENTION


@ATTENTION.register("halved", n_heads=4)
class HalvedAttention(SoftmaxAttention):
    """Softmax attention at half the usual scale (https://example.org)."""

    def __init__(self, site: Site, *, n_heads: Count) -> None:
        super().__init__(site, n_heads=n_heads, scale=0.5 * (site.width // n_heads) ** -0.5)
'''


NEW_CONVOLUTION = '''"""The mean of what has been read, halved."""

from torch import Tensor

from variants.context import Context
from variants.convolution.running_mean import RunningMean
from variants.registry import CONVOLUTION


@CONVOLUTION.register("half_mean")
class HalfMean(RunningMean):
    """Half of the mean (https://example.org)."""

    def forward(self, x_BTD: Tensor, context: Context) -> Tensor:
        return super().forward(x_BTD, context) / 2

    def plain(self, x_BTD: Tensor, context: Context) -> Tensor:
        return super().plain(x_BTD, context) / 2
'''

NEW_KINDS = {
    "attention": ("halved", NEW_KIND, [{"attention": {"kind": "halved", "n_heads": 4}}, {"ffn": "mlp"}]),
    "convolution": ("half_mean", NEW_CONVOLUTION, [{"convolution": "half_mean"}, {"ffn": "mlp"}]),
}


def test_the_builder_has_at_most_two_hundred_lines() -> None:
    assert len((ROOM / "builder.py").read_text().splitlines()) <= 200


def test_nothing_outside_the_kinds_compares_with_a_kind_or_an_entry() -> None:
    discover()
    names = {kind for registry in SORTS.values() for kind in registry.kinds}
    for path in (path for path in ROOM.rglob("*.py") if path.parent.name not in SORTS):
        for node in ast.walk(ast.parse(path.read_text())):
            for side in [node.left, *node.comparators] if isinstance(node, ast.Compare) else ():
                for constant in ast.walk(side):
                    if isinstance(constant, ast.Constant) and isinstance(constant.value, str):
                        assert constant.value not in names, f"{path}:{node.lineno} compares with {constant.value!r}"


@pytest.mark.parametrize("sort", NEW_KINDS)
def test_a_new_mixer_is_one_new_file(sort: str, tmp_path: Path) -> None:
    name, text, sublayers = NEW_KINDS[sort]
    (tmp_path / f"{name}.py").write_text(text)
    package = __import__(f"variants.{sort}", fromlist=["__path__"])
    package.__path__.append(str(tmp_path))
    forget()
    try:
        assert certify(decoder_spec(sublayers)).ok
    finally:
        package.__path__.remove(str(tmp_path))
        SORTS[sort].kinds.pop(name, None)
        forget()


def test_first_values_do_not_depend_on_the_global_generator() -> None:
    torch.manual_seed(1)
    one = build_model(decoder_spec()).state_dict()
    torch.manual_seed(2)
    before = torch.get_rng_state()
    two = build_model(decoder_spec()).state_dict()
    assert all(torch.equal(one[name], two[name]) for name in one)
    assert torch.equal(before, torch.get_rng_state())


def test_shared_tensors_start_equal_across_variants_and_a_wider_one_contains_the_narrower() -> None:
    narrow = build_model(decoder_spec()).state_dict()
    gated = build_model(decoder_spec([{"attention": "softmax"}, {"ffn": "gated"}])).state_dict()
    name = "decoder.blocks.1.branches.attention.qkv.weight"
    assert torch.equal(narrow[name], gated[name])
    wide = build_model(decoder_spec([{"attention": "softmax"}, {"ffn": {"kind": "mlp", "d_ff": 64}}])).state_dict()
    up = "decoder.blocks.0.branches.ffn.up.weight"
    assert torch.equal(wide[up][:40], narrow[up])


def test_another_salt_or_seed_gives_other_first_values() -> None:
    spec = decoder_spec()
    name = "embedding.table.weight"
    base = build_model(spec).state_dict()[name]
    assert not torch.equal(base, build_model(spec, salt="a/a").state_dict()[name])
    assert not torch.equal(base, build_model(spec, seed=1).state_dict()[name])


def test_first_values_look_standard_normal() -> None:
    from variants.draw import standard_normal

    x = standard_normal(0, "", "role", (512, 512))
    assert abs(float(x.mean())) < 0.01
    assert abs(float(x.std()) - 1) < 0.01
    assert abs(float((x**4).mean()) - 3) < 0.1  # the kurtosis of a normal
    assert abs(float((x[1:] * x[:-1]).mean())) < 0.01
    assert abs(float((x[:, 1:] * x[:, :-1]).mean())) < 0.01


def test_an_encoder_decoder_ties_one_table_for_one_vocabulary_and_keeps_two_for_two() -> None:
    one, two = encoder_decoder_spec(), encoder_decoder_spec(model={"source_vocab_size": 41})
    shared = build_model(one)
    assert shared.source_embedding is not None
    assert shared.source_embedding.table is shared.embedding.table
    assert count_parameters(two)["embedding"] - count_parameters(one)["embedding"] == 41 * 32


@pytest.mark.parametrize("budget", [20_000, 40_001, 90_000])
def test_resize_meets_a_budget_within_one_percent(budget: int) -> None:
    sized = resize(decoder_spec(), budget)
    assert abs(count_parameters(sized)["non_embedding"] - budget) <= 0.01 * budget
    build_model(sized)


def test_a_budget_that_no_width_meets_is_refused_with_the_nearest() -> None:
    with pytest.raises(ValueError, match=r"no width meets the budget of 3 .* the nearest is"):
        resize(decoder_spec(), 3)
    with pytest.raises(ValueError, match="budget view 'watts' is unknown; allowed: non_embedding_params, flops"):
        resize(decoder_spec(), 10_000, view="watts")


def test_shrink_keeps_grouped_heads_sharing_and_windows() -> None:
    attention = {"kind": "softmax", "n_heads": 8, "n_kv_heads": 2, "visibility": {"kind": "window", "window": 512}}
    spec = decoder_spec([{"attention": attention}, {"ffn": "mlp"}], n_layers=6, groups=[0] * 6)
    tiny = shrink(spec)["decoder"]
    small = tiny["blocks"]["default"]["sublayers"][0]["attention"]
    assert tiny["groups"] == [0, 0]
    assert (small["n_heads"], small["n_kv_heads"], small["visibility"]["window"]) == (4, 2, 3)


def test_inputs_without_use_are_refused() -> None:
    x = tokens()
    with pytest.raises(ValueError, match="needs `source`"):
        build_model(encoder_decoder_spec())(x)
    with pytest.raises(ValueError, match="neither `source` nor a decoding state"):
        build_model(encoder_spec())(x, source=x)
    with pytest.raises(ValueError, match="no segment table"):
        build_model(decoder_spec())(x, segments=x)
    with pytest.raises(ValueError, match="no part of this model has global tokens"):
        build_model(decoder_spec())(x, global_mask=x > 0)
    with pytest.raises(ValueError, match="a padded prefix leaves a gap"):
        build_model(decoder_spec(position="learned"))(x, source=x, source_padding_mask=x > 3)


def test_greedy_decoding_with_a_cache_equals_decoding_without() -> None:
    model = build_model(decoder_spec(position="rope"), seed=3).eval()
    x = tokens(2, 4)
    made = generate(model, x, max_new_tokens=6)
    for _ in range(6):
        x = torch.cat([x, model(x)[:, -1:].argmax(-1)], 1)
    assert torch.equal(made, x[:, 4:])


@pytest.mark.parametrize("dtype", [torch.int64, torch.float32])
def test_a_mask_of_numbers_is_refused_in_every_stack(dtype: torch.dtype) -> None:
    mask = torch.ones(2, 6, dtype=dtype)
    mask[0, 0] = 0
    for spec in (decoder_spec(), encoder_spec()):
        with pytest.raises(ValueError, match=r"padding_mask is .*; allowed: bool"):
            build_model(spec)(tokens(2, 6), mask)
    with pytest.raises(ValueError, match=r"padding_mask is .*; allowed: bool"):
        build_model(encoder_decoder_spec())(tokens(2, 6), None, tokens(2, 6), mask)
    with pytest.raises(ValueError, match=r"padding_mask is .*; allowed: bool"):
        generate(build_model(decoder_spec()), tokens(2, 6), padding_mask=mask, max_new_tokens=2)


def test_generation_past_the_context_is_refused() -> None:
    with pytest.raises(ValueError, match="context_length is 24"):
        generate(build_model(decoder_spec()), tokens(1, 20), max_new_tokens=9)


def test_a_text_longer_than_the_table_of_positions_is_refused() -> None:
    model = build_model(encoder_spec(position="learned"))
    with pytest.raises(ValueError, match="the text takes 25 slots; context_length is 24"):
        model(tokens(1, 25))


def test_an_option_that_the_live_part_does_not_know_is_told_with_the_way_out() -> None:
    spec = decoder_spec()
    spec["embedding"]["colour"] = "red"
    with pytest.raises(ValueError, match=r"embedding kind 'token' has no option 'colour'; .* variants\.index"):
        build_model(spec)
