"""How numbers are written: a true minus, as many decimals as the interval supports, a dash where there is none."""

import math

NONE = "–"


def number(value: float | None, decimals: int = 3) -> str:
    """A number with a true minus; a dash for None and NaN."""
    return NONE if missing(value) else f"{value:.{decimals}f}".replace("-", "−")


def signed(value: float | None, decimals: int = 3) -> str:
    return NONE if missing(value) else f"{value:+.{decimals}f}".replace("-", "−")


def interval(low: float | None, high: float | None, decimals: int = 3) -> str:
    return NONE if missing(low) else f"{number(low, decimals)} to {number(high, decimals)}"


def signed_interval(low: float | None, high: float | None, decimals: int = 3) -> str:
    return NONE if missing(low) else f"{signed(low, decimals)} to {signed(high, decimals)}"


def decimals_for(half_widths: list[float]) -> int:
    """Decimals that show two digits of the narrowest interval, between 2 and 5; 3 without one."""
    widths = [width for width in half_widths if width > 0]
    return min(5, max(2, 1 - math.floor(math.log10(min(widths))))) if widths else 3


def rate(value: float | None, decimals: int = 3) -> str:
    """A learning rate as people type it: 0.001 is 1e-3."""
    if missing(value):
        return NONE
    mantissa, exponent = f"{value:.{decimals}e}".split("e")
    return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"


def count(value: float | None) -> str:
    """A whole number with thin spaces between thousands."""
    return NONE if missing(value) else f"{value:,.0f}".replace(",", "\u202f")


def short(value: float | None) -> str:
    """A large number as people say it: 6.74B, 124M."""
    if value is None or missing(value):
        return NONE
    for unit, letter in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")):
        if value >= 0.9995 * unit:  # what rounds to a thousand of one letter is one of the next
            return f"{value / unit:.3g}{letter}"
    return f"{value:.3g}"


def percent(value: float | None, decimals: int = 1) -> str:
    return NONE if missing(value) else f"{100 * value:.{decimals}f} %".replace("-", "−")  # type: ignore[operator]


def missing(value: float | None) -> bool:
    return value is None or value != value
