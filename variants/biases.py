"""Which of attention's projections have a bias, as an option's value."""

from typing import Literal

Bias = Literal["none", "qkv", "qkvo", "qv", "qvo", "o"]


def biased(bias: Bias) -> frozenset[str]:
    """The letters of the projections that have one."""
    return frozenset() if bias == "none" else frozenset(bias)
