"""Ranges as people write them: `2019-2021`, `100M-150M`, `7B-`, `-2019`, or one value."""

import re
from dataclasses import dataclass

from catalog.errors import refusal
from catalog.listing import UNITS

_NUMBER = r"(\d+(?:\.\d+)?)([KMBT]?)"
_RANGE = re.compile(rf"(?:{_NUMBER})?\s*(-|\.\.)?\s*(?:{_NUMBER})?", re.IGNORECASE)


@dataclass(frozen=True)
class Range:
    """All numbers from `low` to `high`, both included; None is open."""

    low: float | None
    high: float | None

    def __contains__(self, value: object) -> bool:
        if not isinstance(value, int | float):
            return False
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)


def parse_range(text: str, option: str) -> Range:
    """The range that an option's text says.

    Raises:
        CatalogError: the text is no range, or its ends are the wrong way round.
    """
    match = _RANGE.fullmatch(text.strip())
    if not match or not (match[1] or match[4]):
        raise refusal(None, option, "is no range", value=text, allowed="such as 2019-2021, 100M-150M, 7B- or -2019")
    low, high = _number(match[1], match[2]), _number(match[4], match[5])
    if match[3] is None:
        return Range(low, low)
    if low is not None and high is not None and low > high:
        raise refusal(None, option, "ends before it begins", value=text, allowed=f"{text} the other way round")
    return Range(low, high)


def _number(digits: str | None, unit: str | None) -> float | None:
    return None if digits is None else float(digits) * UNITS.get((unit or "").upper(), 1)
