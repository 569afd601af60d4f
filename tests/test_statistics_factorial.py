"""Effects of factors on tables whose truth is known."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.anova import AnovaRM

from harness.statistics.factorial import effects, is_full

LEVELS = {f"{a}{b}": {"norm": a, "position": b} for a in "LR" for b in "pq"}


def table(norm=0.0, position=0.0, together=0.0, noise=0.0, n=6):
    """Losses of a two-by-two table: what each change adds, and what both add beyond that."""
    draw = np.random.default_rng(0)
    seeds = draw.normal(size=n)
    return {
        name: 1.0
        + seeds
        + noise * draw.normal(size=n)
        + norm * (levels["norm"] == "R")
        + position * (levels["position"] == "q")
        + together * (name == "Rq")
        for name, levels in LEVELS.items()
    }


def test_main_effects_and_their_interaction_are_taken_apart():
    norm, position = ("norm", "L", "R"), ("position", "p", "q")
    found = {effect.changes: effect.estimate.mean for effect in effects(table(0.3, -0.1, 0.2), LEVELS)}
    assert found[(norm,)] == pytest.approx(0.3 + 0.2 / 2)
    assert found[(position,)] == pytest.approx(-0.1 + 0.2 / 2)
    assert found[(norm, position)] == pytest.approx(0.2)


def test_effects_of_two_levels_have_the_f_values_of_repeated_measures_in_statsmodels():
    losses = table(0.02, -0.01, 0.03, noise=0.02)
    rows = [LEVELS[name] | {"seed": i, "loss": loss} for name in LEVELS for i, loss in enumerate(losses[name])]
    wanted = AnovaRM(pd.DataFrame(rows), "loss", "seed", within=["norm", "position"]).fit().anova_table
    for effect in effects(losses, LEVELS):
        f, p = wanted.loc[":".join(factor for factor, _, _ in effect.changes), ["F Value", "Pr > F"]]
        assert ((effect.estimate.mean / effect.estimate.se) ** 2, effect.estimate.p) == pytest.approx((f, p))


def test_a_third_level_is_an_effect_of_its_own():
    levels = {name: {"norm": name} for name in ("layer", "rms", "none")}
    losses = {"layer": [1.0, 1.1], "rms": [1.2, 1.3], "none": [2.0, 2.3]}
    found = {effect.changes[0][2]: effect.estimate.mean for effect in effects(losses, levels)}
    assert found == {"rms": pytest.approx(0.2), "none": pytest.approx(1.1)}


def test_what_seeds_share_does_not_widen_an_interval():
    effect = effects(table(norm=0.3, noise=1e-3), LEVELS)[0]
    assert effect.estimate.ci[1] - effect.estimate.ci[0] < 0.01


def test_a_table_with_a_hole_is_no_factorial():
    some = {name: LEVELS[name] for name in ("Lp", "Lq", "Rp")}
    assert is_full(list(LEVELS.values()))
    assert not is_full(list(some.values()))
    with pytest.raises(ValueError, match="every combination"):
        effects(table(), some)
