"""No model is compared before it has passed the certificate."""

from __future__ import annotations

from pathlib import Path

import pytest
from torch import Tensor

from harness import gate
from specs import decoder_spec
from test_certificate import planted
from variants.norm.layer_norm import LayerNorm


class OverTime(LayerNorm):
    """Subtracts the mean over time, the future's included."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x - x.mean(1, keepdim=True))

    def plain(self, x: Tensor) -> Tensor:
        return super().plain(x - x.mean(1, keepdim=True))


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def test_a_sound_model_passes_and_is_not_checked_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    assert gate.faults_of(decoder_spec(), {}) == []
    monkeypatch.setattr(gate, "_certify", lambda spec, checks: pytest.fail("checked again"))
    assert gate.faults_of(decoder_spec(), {}) == []


def test_a_model_that_sees_the_future_is_named() -> None:
    with planted("norm", "over_time", OverTime):
        assert any("the future" in fault for fault in gate.faults_of(decoder_spec(norm="over_time"), {}))


def test_a_declared_check_is_left_out() -> None:
    with planted("norm", "over_time", OverTime):
        reasons = dict.fromkeys(("visibility", "training", "cache", "padding"), "a test")
        assert gate.faults_of(decoder_spec(norm="over_time"), reasons) == []
