"""Tiers instead of ranks.

Two arms share a tier unless their corrected difference excludes zero. "Not different" is not transitive (a and b may be
alike, b and c alike, a and c different), so that sentence alone decides nothing. The rule here: **an arm's tier is one
more than the worst tier among the arms that are significantly better than it**, 1 where there is none. Then

- arms of one tier never differ significantly, and significantly different arms never share a tier;
- every arm below tier 1 is significantly worse than some arm of the tier just above: a tier is evidence, not a place in
  a list. A noisy arm with a poor mean may therefore stay in tier 1 above a steadier one: nothing is shown against it;
- when all arms are equal, an arm falls below tier 1 no more often than the family-wise error of the tests.
"""

from collections.abc import Collection, Sequence


def tiers(order: Sequence[str], better: Collection[tuple[str, str]]) -> dict[str, int]:
    """The tier of each arm; `order` lists them best first, `better` holds (better, worse) for each significant pair.

    A pair against the order proves nothing and is left out.
    """
    result: dict[str, int] = {}
    for name in order:
        result[name] = 1 + max((tier for other, tier in result.items() if (other, name) in better), default=0)
    return result
