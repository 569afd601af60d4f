"""A part in a file of the user's: it is found, checked in small models, and leaves no trace."""

import pytest

from specs import live
from variants import build_model
from variants.certificate import check_part
from variants.certificate.surroundings import resolved, surroundings
from variants.registry import SORTS, discover

MIXER = '''
import torch
from torch import Tensor

from catalog.types import Count
from variants.context import Context
from variants.parts import Mixer, Site, Visibility
from variants.projections import OutputLinear
from variants.past import past
from variants.registry import RECURRENCE


@RECURRENCE.register("running_mean"{tiny})
class RunningMean(Mixer):
    """The mean of all slots up to each one (https://example.org). `d_inner` is its width."""

    def __init__(self, site: Site, *, d_inner: Count) -> None:
        super().__init__()
        self.visibility = past(site, "running_mean")
        self.down = OutputLinear(site.width, d_inner)
        self.up = OutputLinear(d_inner, site.width)

    def forward(self, x_BTD: Tensor, context: Context) -> Tensor:
        u = self.down(x_BTD)
        if context.mask_BT is not None:
            u = u * context.mask_BT[..., None]
        slot = context.slot(lambda state: {{"sum": u.new_zeros(state.batch, 1, u.shape[2])}})
        total = torch.cumsum(u, 1)
        if slot is not None:
            total = total + slot["sum"]
            slot["sum"] = total[:, -1:]
        return {output}

    def flops(self, tokens: int, pairs: int) -> int:
        return 4 * tokens * self.up.weight.numel()

    def sees(self) -> Visibility:
        return self.visibility
'''
NORM = '''
from torch import Tensor
from variants.norm.layer_norm import LayerNorm
from variants.parts import Site
from variants.registry import NORM


@NORM.register("over_time")
class OverTime(LayerNorm):
    """A norm that looks at the other slots (https://example.org)."""

    def __init__(self, site: Site) -> None:
        super().__init__(site)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x - x.mean(1, keepdim=True))
'''


def mixer(output="self.up(total)", tiny=", d_inner=6"):
    return MIXER.format(output=output, tiny=tiny)


def check(tmp_path, text):
    (tmp_path / "mine.py").write_text(text)
    return list(check_part(tmp_path / "mine.py"))


def said(checks):
    return "\n".join(fault for check in checks for found in check.faults.values() for fault in found)


def test_a_sound_mixer_passes_in_a_decoder_and_an_encoder_and_is_forgotten(tmp_path):
    discover()
    before = {sort: dict(registry.kinds) for sort, registry in SORTS.items()}
    checks = check(tmp_path, mixer())
    assert [(each.kind, each.place) for each in checks] == [("running_mean", "decoder"), ("running_mean", "encoder")]
    assert all(each.ok for each in checks), said(checks)
    assert before == {sort: dict(registry.kinds) for sort, registry in SORTS.items()}


def test_a_mixer_that_sees_the_future_is_caught(tmp_path):
    assert "the future" in said(check(tmp_path, mixer("self.up(total + u.sum(1, keepdim=True))")))


def test_a_mixer_that_forgets_its_state_is_caught(tmp_path):
    assert "cached decoding differs" in said(check(tmp_path, mixer("self.up(u.cumsum(1))")))


def test_a_norm_is_put_into_the_stack_and_its_leak_is_caught(tmp_path):
    checks = check(tmp_path, NORM)
    assert [each.place for each in checks] == ["decoder", "encoder"]
    assert "the future" in said(checks[:1])


def test_a_part_that_raises_is_a_finding_in_one_line(tmp_path):
    found = said(check(tmp_path, mixer("self.up(x_BTD)")))
    assert "raises RuntimeError: " in found
    assert len(found.splitlines()) == 2


def test_a_place_that_a_part_refuses_is_told_and_is_no_fault(tmp_path):
    causal = mixer().replace("super().__init__()", "super().__init__()\n        refuse(site)")
    refuse = (
        'def refuse(site):\n    if site.stack == "encoder":\n        raise ValueError("reads forwards alone")\n\n\n'
    )
    checks = check(tmp_path, causal.replace("@RECURRENCE", refuse + "@RECURRENCE"))
    assert [(each.place, each.refused) for each in checks] == [("decoder", None), ("encoder", "reads forwards alone")]
    assert all(each.ok for each in checks)
    nowhere = check(
        tmp_path, causal.replace("@RECURRENCE", refuse.replace("==", "!=").replace("encoder", "") + "@RECURRENCE")
    )
    assert "no small model can hold it: reads forwards alone" in said(nowhere)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("def x(:\n", r"mine\.py:1: is no Python: invalid syntax$"),
        ("x = 1\n", r"mine\.py registers no kind; decorate its class"),
        ("\nimport nothing_here\n", r"mine\.py:2: ModuleNotFoundError: No module named 'nothing_here'$"),
        (mixer().replace("running_mean", "gru"), r"mine\.py:13: the recurrence kind 'gru' is taken; .*another name$"),
        (
            mixer().replace('"running_mean"', '"gru"').replace("RunningMean", "GRU"),
            r"mine\.py: the recurrence kind 'gru' is taken; register it under another name$",
        ),
        (
            mixer(tiny="").replace("Count", "Text"),
            r"option 'd_inner' has no default; say a small value .*register\('running_mean', d_inner=...\)$",
        ),
        (mixer().replace("d_inner: Count", "d_inner: list[dict]"), r"mine\.py.*option annotation .* has no name"),
    ],
    ids=["syntax", "nothing", "import", "name", "same class", "no small value", "annotation"],
)
def test_a_file_that_cannot_be_checked_is_refused_in_one_line(text, told, tmp_path):
    with pytest.raises(ValueError, match=told) as error:
        check(tmp_path, text)
    assert len(str(error.value).splitlines()) == 1
    assert "running_mean" not in SORTS["recurrence"].kinds


def test_a_step_for_a_class_of_ours_is_refused(tmp_path):
    mlp = "from variants.binding import binds\nfrom variants.ffn.mlp import MLP\n"
    text = mlp + mixer() + "\n\n@binds(MLP)\ndef _bind(mlp, context):\n    return lambda x: x\n"
    with pytest.raises(
        ValueError, match=r"mine\.py:\d+: _bind binds MLP of another file; a step stands beside its class$"
    ):
        check(tmp_path, text)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(ValueError, match="is missing; give a Python file"):
        list(check_part(tmp_path / "mine.py"))


def every_kind():
    live()
    return [kind for registry in SORTS.values() for kind in registry.kinds.values()]


@pytest.mark.parametrize("kind", every_kind(), ids=lambda kind: f"{kind.sort}-{kind.name}")
def test_every_kind_of_ours_has_a_place_in_a_small_model(kind):
    refusals = []
    for _, model in surroundings(kind):
        try:
            build_model(resolved(model), device="meta")
            return
        except ValueError as error:
            refusals.append(str(error))
    raise AssertionError(refusals)
