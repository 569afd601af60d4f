"""What a plan can see: power of the paired t, the smallest difference it detects, the seeds a difference needs."""

POWER = 0.8
CAP = 100  # seeds; more than this is no longer a plan


def power(effect: float, n: int, alpha: float) -> float:
    """The chance that a true difference of `effect` standard deviations is claimed, in its right direction."""
    from scipy.special import nctdtr, stdtrit

    return 1.0 - float(nctdtr(n - 1, effect * n**0.5, stdtrit(n - 1, 1 - alpha / 2)))


def detectable_effect(n: int, alpha: float, wanted: float = POWER) -> float:
    """The effect, in standard deviations of the difference, that n pairs detect with probability `wanted`."""
    from scipy.special import nctdtrinc, stdtrit

    noncentrality: float = nctdtrinc(n - 1, 1 - wanted, stdtrit(n - 1, 1 - alpha / 2))
    return float(noncentrality / n**0.5)


def minimum_detectable(sd: float, n: int, alpha: float) -> float | None:
    """The smallest true difference that n pairs claim in four plans of five; None where the spread is unknown."""
    return sd * detectable_effect(n, alpha) if n > 1 and sd > 0 else None


def seeds_needed(difference: float, sd: float, alpha: float, at_least: int = 2) -> int | None:
    """The seeds that would resolve `difference`, were it the true one; None for more than `CAP`."""
    if sd <= 0 or difference == 0:
        return None
    effect = abs(difference) / sd
    return next((n for n in range(max(2, at_least), CAP + 1) if power(effect, n, alpha) >= POWER), None)
