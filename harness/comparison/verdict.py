"""The verdict of a contrast: better, worse, same, tie or no claim, and why."""

from dataclasses import dataclass

from harness.comparison.contrast import Contrast, obstacles
from harness.comparison.numbers import p_text
from harness.statistics.equivalence import equivalence_p
from harness.statistics.holm import holm


@dataclass(frozen=True)
class Verdict:
    """`p_holm` and `p_same` are corrected over the declared contrasts, None where there is no claim to correct."""

    word: str
    why: str
    p_holm: float | None
    p_same: float | None


def verdicts(contrasts: dict[str, Contrast], alpha: float, margin: float | None) -> dict[str, Verdict]:
    """One verdict a declared contrast.

    Holm runs over the differences and, apart from it, over the equivalence tests: each kind of claim is false somewhere
    in the table with probability alpha at most. A contrast without a claim keeps its place in both families.
    """
    barred = {name: obstacles(contrast) for name, contrast in contrasts.items()}
    p_holm = holm({name: None if barred[name] else contrast.p for name, contrast in contrasts.items()})
    p_same = holm({name: None if barred[name] else same(contrast, margin) for name, contrast in contrasts.items()})
    return {
        name: Verdict(*word(contrast, barred[name], p_holm[name], p_same[name], alpha), p_holm[name], p_same[name])
        for name, contrast in contrasts.items()
    }


def same(contrast: Contrast, margin: float | None) -> float | None:
    return None if margin is None or contrast.estimate is None else equivalence_p(contrast.estimate, margin)


def word(
    contrast: Contrast, barred: list[str], p_holm: float | None, p_same: float | None, alpha: float
) -> tuple[str, str]:
    """The word and its reason.

    Within the margin, "same" goes before a real but smaller difference. Ranks that do not differ are no tie: where runs
    diverged, the size of the difference that could have been seen is unknown.
    """
    if barred or p_holm is None:
        return "no claim", "; ".join(barred)
    if p_same is not None and p_same <= alpha:
        return "same", f"within the margin, Holm {p_text(p_same)}"
    why = f"{contrast.test}, Holm {p_text(p_holm)}" + diverged_note(contrast)
    if p_holm <= alpha:
        return ("worse" if contrast.direction > 0 else "better"), why
    if contrast.ranks:
        return "no claim", why
    identical = contrast.estimate is not None and contrast.estimate.sd == 0
    return "tie", "identical losses on every seed" if identical else why


def diverged_note(contrast: Contrast) -> str:
    arms = [arm for arm in (contrast.arm, contrast.baseline) if arm.diverged]
    notes = [f"{arm.name}: {arm.diverged} of {len(arm.seeds)} runs diverged" for arm in arms]
    return f"; {', '.join(notes)}; no claim on means" if notes else ""
