"""The certificate passes sound models and catches each planted fault."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import torch
from torch import Tensor, nn

import specs
from catalog.types import Count, Number
from specs import decoder_spec, encoder_decoder_spec, encoder_spec
from variants.attention.softmax import SoftmaxAttention
from variants.binding import BINDERS
from variants.certificate import CHECKS, certify, options
from variants.certificate.entries import count_faults
from variants.context import Context
from variants.cross_attention.additive import AdditiveCrossAttention
from variants.ffn.mlp import MLP
from variants.norm.layer_norm import LayerNorm
from variants.parts import NO_MARKS, Marks, Mixer, Norm, Part, Visibility
from variants.registry import SORTS, discover
from variants.residual.pre_norm import PreNorm
from variants.routing import Router
from variants.visibility.causal import CausalVisibility

QUICK = [name for name in CHECKS if name not in ("options", "compile")]


@contextmanager
def planted(sort: str, name: str, cls: type[Part], **tiny: Any) -> Iterator[None]:
    """Registers a faulty kind for the length of a test."""
    discover()
    SORTS[sort].register(name, **tiny)(cls)
    forget()
    try:
        yield
    finally:
        del SORTS[sort].kinds[name]
        forget()


def forget() -> None:
    """Drops what is kept of the registry."""
    specs._CACHE.clear()
    options.forget()


MISCOUNTED = """name: Miscounted
extends: gpt-2
date: 2026-01
change: one parameter is lost
paper: {title: Miscounted, authors: [A. Person], year: 2026, url: "https://example.org"}
"""


def faults(spec: dict[str, Any], *checks: str) -> str:
    """What the certificate says of a spec, as one text."""
    certificate = certify(spec, checks=checks or QUICK)
    return "\n".join(f"{name}: {fault}" for name, found in certificate.faults.items() for fault in found)


def with_attention(kind: str, **options: Any) -> dict[str, Any]:
    return decoder_spec([{"attention": {"kind": kind, "n_heads": 4}}, {"ffn": "mlp"}], **options)


@pytest.mark.parametrize("make", [decoder_spec, encoder_spec, encoder_decoder_spec])
def test_sound_models_of_all_three_stacks_pass_every_check(make: Any) -> None:
    assert certify(make(position="learned")).ok


def test_an_off_by_one_mask_is_caught() -> None:
    class OffByOne(CausalVisibility):
        is_causal = False

        def allows(self, query: Tensor, key: Tensor, marks: Marks = NO_MARKS) -> Tensor:
            return key <= query + 1

    class Leaky(SoftmaxAttention):
        def forward(self, x_BTD: Tensor, context: Context) -> Tensor:
            honest, self.visibility = self.visibility, OffByOne(None)  # type: ignore[arg-type]
            try:
                return super().forward(x_BTD, context)
            finally:
                self.visibility = honest

    with planted("attention", "leaky", Leaky):
        assert "the future" in faults(with_attention("leaky"), "visibility")


@pytest.mark.parametrize("begins", [12, 65, 510])
def test_a_look_ahead_that_begins_in_long_texts_is_caught(begins: int) -> None:
    class Farsighted(SoftmaxAttention):
        def forward(self, x_BTD: Tensor, context: Context) -> Tensor:
            later_BTD = nn.functional.pad(x_BTD, (0, 0, 0, begins))[:, begins:]
            return super().forward(x_BTD + later_BTD, context)

    with planted("attention", "farsighted", Farsighted):
        found = faults(with_attention("farsighted"), "visibility")
    assert found.startswith("visibility: model: in a text of 521 slots, slot ")


def test_a_span_of_a_parts_own_that_begins_in_long_texts_is_caught() -> None:
    class Spanned(LayerNorm):
        def forward(self, x: Tensor) -> Tensor:
            whole = x.shape[1] // 64 * 64
            spans = x[:, :whole].unflatten(1, (-1, 64)) if whole else x[:, None]
            means = spans.mean(2, keepdim=True).expand_as(spans).flatten(1, 2)
            return super().forward(torch.cat([x[:, :whole] - means, x[:, whole:]], 1)) if whole else super().forward(x)

    with planted("norm", "spanned", Spanned):
        assert "in a text of 521 slots, slot 256 sees the future" in faults(decoder_spec(norm="spanned"), "visibility")


@pytest.mark.parametrize(
    ("over", "told"), [(0, "editing row 2 changes row "), (1, "slot 0 sees the future: one of those from slot 5 on")]
)
def test_a_norm_over_rows_or_over_time_in_training_alone_is_caught(over: int, told: str) -> None:
    class OfTraining(LayerNorm):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(x - x.mean(over, keepdim=True) if self.training else x)

    with planted("norm", "of_training", OfTraining):
        found = faults(decoder_spec(norm="of_training"))
    assert f"training: in training, {told}" in found


def test_dropout_between_experts_is_no_leak() -> None:
    moe = {"ffn": {"kind": "moe", "n_experts": 4, "d_ff": 24, "dropout": 0.5}}
    assert not faults(decoder_spec([{"attention": "softmax"}, moe]), "training")


@pytest.mark.parametrize("visibility", ["full", {"kind": "window", "window": 3}, {"kind": "chunk", "chunk": 4}])
def test_a_decoder_that_may_see_the_future_by_its_own_predicate_is_caught(visibility: Any) -> None:
    found = certify(decoder_spec(visibility=visibility), checks=["visibility"]).faults["visibility"]
    assert "a token sees the future (slot 0 may see slot 1)" in found[0]
    assert not certify(encoder_spec(visibility=visibility), checks=["visibility"]).faults.get("visibility")


def test_a_norm_over_time_is_caught() -> None:
    class OverTime(LayerNorm):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(x - x.mean(1, keepdim=True))

    with planted("norm", "over_time", OverTime):
        assert "the future" in faults(decoder_spec(norm="over_time"), "visibility")


def test_a_leak_behind_a_residual_that_starts_at_zero_is_caught() -> None:
    class Mean(Mixer):
        def __init__(self, site: Any) -> None:
            super().__init__()
            self.gain = nn.Parameter(torch.zeros(()))

        def forward(self, x_BTD: Tensor, context: Context) -> Tensor:
            return self.gain * x_BTD.mean(1, keepdim=True).expand_as(x_BTD)

        def sees(self) -> Visibility:
            return CausalVisibility(None)  # type: ignore[arg-type]

    with planted("ffn", "mean", Mean):
        spec = decoder_spec([{"attention": "softmax"}, {"ffn": "mean"}])
        assert "the future" in faults(spec, "visibility")


def test_a_mixer_that_sees_less_than_it_says_is_caught() -> None:
    class Blind(SoftmaxAttention):
        def forward(self, x_BTD: Tensor, context: Context) -> Tensor:
            return self.o(self.qkv(x_BTD)[0])  # type: ignore[no-any-return]

    with planted("attention", "blind", Blind):
        assert "should see" in faults(with_attention("blind"), "visibility")


def test_an_inert_option_is_caught() -> None:
    class Inert(MLP):
        def __init__(self, site: Any, *, d_ff: Count, sharpness: Number = 1.0) -> None:
            super().__init__(site, d_ff=d_ff)

    with planted("ffn", "inert", Inert):
        found = faults(decoder_spec([{"attention": "softmax"}, {"ffn": {"kind": "inert", "d_ff": 40}}]), "options")
    assert "inert.sharpness = 1.0 is inert" in found


def test_a_dead_parameter_is_caught() -> None:
    class Dead(MLP):
        def __init__(self, site: Any, *, d_ff: Count) -> None:
            super().__init__(site, d_ff=d_ff)
            self.unused = nn.Parameter(torch.ones(3))

    with planted("ffn", "dead", Dead):
        spec = decoder_spec([{"attention": "softmax"}, {"ffn": {"kind": "dead", "d_ff": 40}}])
        assert "unused gets no gradient" in faults(spec, "gradients")


def test_a_parameter_declared_dead_that_gets_gradient_is_caught() -> None:
    class Modest(MLP):
        def __init__(self, site: Any, *, d_ff: Count) -> None:
            super().__init__(site, d_ff=d_ff)

        def dead_parameters(self, positions: Any) -> dict[str, str]:
            return {"up.weight": "nothing reads it"}

    with planted("ffn", "modest", Modest):
        spec = decoder_spec([{"attention": "softmax"}, {"ffn": {"kind": "modest", "d_ff": 40}}])
        assert "declared dead" in faults(spec, "gradients")


def test_a_cache_that_forgets_positions_is_caught() -> None:
    class Forgetful(SoftmaxAttention):
        def forward(self, x_BTD: Tensor, context: Context) -> Tensor:
            if context.state is None:
                return super().forward(x_BTD, context)
            with mock.patch.object(Context, "rows", lambda context, key, ids, rows: rows(torch.arange(context.tokens))):
                return super().forward(x_BTD, context)

    with planted("attention", "forgetful", Forgetful):
        spec = with_attention("forgetful", position="rope")
        assert "cached decoding" in faults(spec, "cache")


def test_a_cache_that_forgets_alibi_is_caught() -> None:
    class Unbiased(SoftmaxAttention):
        def _bias(self, q: Tensor, k: Tensor, scale: float, context: Context) -> Tensor | None:
            return super()._bias(q, k, scale, context) if context.past == 0 else None

    with planted("attention", "unbiased", Unbiased):
        assert "cached decoding" in faults(with_attention("unbiased", position="alibi"), "cache")
    assert not faults(decoder_spec(position="alibi"), "cache")


def test_a_wrong_scale_is_caught_by_the_plain_formula() -> None:
    class Unscaled(SoftmaxAttention):
        def __init__(self, site: Any, *, n_heads: Count) -> None:
            super().__init__(site, n_heads=n_heads)
            self.scale = site.width**-0.5

    with planted("attention", "unscaled", Unscaled):
        assert "differs from its plain formula" in faults(with_attention("unscaled"), "formula")
    assert not faults(decoder_spec(position="alibi"), "formula")


def test_a_norm_that_differs_from_its_plain_formula_is_caught() -> None:
    class Sample(LayerNorm):
        def forward(self, x: Tensor) -> Tensor:
            return (x - x.mean(-1, keepdim=True)) / (
                x.var(-1, keepdim=True) + self.eps
            ).sqrt() * self.weight + self.bias

    with planted("norm", "sample", Sample):
        assert "joints.0.norms.0 differs from its plain formula" in faults(decoder_spec(norm="sample"), "formula")


def test_an_attention_that_reads_padded_memory_is_caught_by_the_plain_formula() -> None:
    class Unmasked(AdditiveCrossAttention):
        def forward(self, x_BTD: Tensor, context: Context) -> Tensor:
            context.memory_mask_BS, mask = None, context.memory_mask_BS
            y, context.memory_mask_BS = super().forward(x_BTD, context), mask
            return y

    with planted("cross_attention", "unmasked", Unmasked):
        spec = encoder_decoder_spec([{"cross_attention": {"kind": "unmasked", "n_heads": 4}}])
        assert "cross_attention differs from its plain formula" in faults(spec, "formula")


@pytest.mark.parametrize("name", [f"{sort}/{kind}" for sort, kinds in specs.live().items() for kind in kinds])
def test_a_kind_has_a_plain_form_or_says_why_none_stands_beside_it(name: str) -> None:
    sort, kind = name.split("/")
    cls = SORTS[sort].kinds[kind].cls
    written = any("plain" in vars(each) for each in cls.__mro__ if each not in (Mixer, Norm, Router))
    assert written != bool(cls.is_plain), f"{name}: a plain form, or a reason in `is_plain`, and not both"


def test_a_wrong_count_is_caught(tmp_path: Path) -> None:
    (tmp_path / "miscounted.yaml").write_text(MISCOUNTED)
    assert list(count_faults("miscounted", {"small": 124439809}, tmp_path)) == [
        "small: 124,439,808 parameters built, 124,439,809 published"
    ]
    assert not list(count_faults("miscounted", {"small": 124439808}, tmp_path))


@pytest.mark.parametrize("segments", [0, 2])
def test_a_bound_step_that_forgets_an_activation_is_caught(segments: int) -> None:
    def forgetful(mlp: MLP, context: Context) -> Any:
        return lambda x: mlp.down(mlp.up(x))

    with mock.patch.dict(BINDERS, {MLP: forgetful}):
        spec = decoder_spec(model={"embedding": {"kind": "token", "segments": segments}})
        assert "cached decoding by bound steps differs" in faults(spec, "cache")


def test_one_cache_for_two_depths_of_a_shared_layer_is_caught() -> None:
    class Careless(SoftmaxAttention):
        def forward(self, x_BTD: Tensor, context: Context) -> Tensor:
            context.where = ("decoder", 0, "attention")
            return super().forward(x_BTD, context)

    with planted("attention", "careless", Careless):
        spec = with_attention("careless", groups=[0, 0])
        assert "cached decoding" in faults(spec, "cache")
    assert not faults(decoder_spec(groups=[0, 0]), "cache")


def test_a_padding_leak_is_caught() -> None:
    class Unmasked(SoftmaxAttention):
        def forward(self, x_BTD: Tensor, context: Context) -> Tensor:
            mask, context.mask_BS = context.mask_BS, None
            context.tables.clear()
            y = super().forward(x_BTD, context)
            context.mask_BS = mask
            context.tables.clear()
            return y

    with planted("attention", "unmasked", Unmasked):
        spec = encoder_spec([{"attention": {"kind": "unmasked", "n_heads": 4}}, {"ffn": "mlp"}])
        assert "padding on the right" in faults(spec, "padding")


def test_rows_that_see_each_other_are_caught() -> None:
    class Batchwise(LayerNorm):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(x - x.mean(0, keepdim=True))

    with planted("norm", "batchwise", Batchwise):
        assert "changes row" in faults(decoder_spec(norm="batchwise"), "rows")
        assert "differ in gradient" in faults(decoder_spec(norm="batchwise"), "gradients")


def test_a_first_loss_far_from_a_uniform_guess_is_caught() -> None:
    class Loud(PreNorm):
        def close(self, stream: Any) -> Tensor:
            x = super().close(stream)
            return x + 40 * x[..., :1].sign()

    with planted("residual", "loud", Loud):
        spec = decoder_spec(residual="loud", model={"init": {"kind": "normal", "std": 0.5}})
        assert "initial loss" in faults(spec, "initial_loss")


def test_a_graph_break_is_caught() -> None:
    class Printing(MLP):
        def __init__(self, site: Any, *, d_ff: Count) -> None:
            super().__init__(site, d_ff=d_ff)

        def forward(self, x_BTD: Tensor, context: Context) -> Tensor:
            torch._dynamo.graph_break()
            return super().forward(x_BTD, context)

    with planted("ffn", "printing", Printing):
        spec = decoder_spec([{"attention": "softmax"}, {"ffn": {"kind": "printing", "d_ff": 40}}])
        assert "compile" in faults(spec, "compile")


def test_an_excuse_without_need_is_a_fault() -> None:
    certificate = certify(decoder_spec(), checks=["rows"], declared={"rows": "for no reason"})
    assert certificate.faults["rows"] == ["rows is declared (for no reason), but it holds"]


def test_an_unknown_check_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="unknown check 'row'; allowed: visibility"):
        certify(decoder_spec(), checks=["row"])
