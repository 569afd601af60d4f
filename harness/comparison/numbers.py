"""How numbers read in a sentence; nothing here rounds a number that is stored."""

import math


def rate_text(rate: float) -> str:
    """A learning rate as people write it: 1e-2, 3e-4, 1.5e-3."""
    mantissa, exponent = f"{rate:.6e}".split("e")
    return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"


def places(half_width: float | None) -> int:
    """Decimals that show an error of this size with one or two digits; three to seven."""
    if not half_width:
        return 3
    return min(7, max(3, math.ceil(-math.log10(half_width / 2))))


def fixed(value: float, decimals: int) -> str:
    text = f"{value:.{decimals}f}"
    return text.lstrip("-") if not float(text) else text


def percent(share: float) -> str:
    return f"{100 * share:.6g} %"


def p_text(p: float) -> str:
    return "p < 0.001" if p < 0.001 else f"p = {p:.2g}" if p < 0.1 else f"p = {p:.2f}"


def seeds_text(n: int) -> str:
    return "1 seed" if n == 1 else f"{n} seeds"
