"""Whole tables simulated with known truth: how often they claim falsely; tolerances are 4 standard errors."""

import numpy as np
import pytest

from comparison_cases import arm, table_plan
from harness.comparison import compare_table

TABLES = 300


def simulated_table(rng, means, n=5, diverging=0.0, **options):
    """Arms with these true means, SD .02, half of the variance shared by a seed; some runs diverge at random."""
    shared = rng.normal(0, 1, n)

    def losses(mean):
        drawn = 2 + mean + 0.02 * (shared + rng.normal(0, 1, n)) / 2**0.5
        return ["diverged" if rng.random() < diverging else float(loss) for loss in drawn]

    results = {f"arm{i}": arm(losses(mean)) for i, mean in enumerate(means)}
    plan = table_plan(list(results), n, baseline="arm0", **options)
    return compare_table(plan, results | {"a/a": arm(losses(means[0]))})


def shares(tables, *questions):
    return np.mean([[question(table) for question in questions] for table in tables], axis=0)


def claims(table):
    return any(row["verdict"] in ("better", "worse") for row in table["differences"])


def separates(table):
    return any((arm["tier"] or 1) > 1 for arm in table["arms"])


def alarms(table):
    return table["aa"]["alarm"]


def calls_same(table):
    return any(row["verdict"] == "same" for row in table["differences"])


def at_most(share, nominal):
    return share <= nominal + 4 * (nominal * (1 - nominal) / TABLES) ** 0.5


@pytest.mark.parametrize("diverging", [0.0, 0.15])
def test_a_table_of_equal_arms_claims_separates_and_alarms_no_more_often_than_promised(diverging):
    rng = np.random.default_rng(8)
    tables = [simulated_table(rng, [0.0] * 5, diverging=diverging) for _ in range(TABLES)]
    claimed, separated, alarmed = shares(tables, claims, separates, alarms)
    assert at_most(claimed, 0.05)
    assert at_most(separated, 0.05)
    assert at_most(alarmed, 0.01)


def test_arms_that_differ_by_the_margin_are_called_the_same_no_more_often_than_promised():
    rng = np.random.default_rng(9)
    tables = [simulated_table(rng, [0.0, 0.03, 0.03], margin=0.03) for _ in range(TABLES)]
    assert at_most(shares(tables, calls_same)[0], 0.05)


def test_a_large_difference_is_found_beside_equal_arms():
    rng = np.random.default_rng(10)
    tables = [simulated_table(rng, [0.0, 0.1, 0.0]) for _ in range(50)]
    found = [row["verdict"] for table in tables for row in table["differences"] if row["arm"] == "arm1"]
    assert found.count("worse") >= 48
