"""The A/A row: the baseline against itself under another initialisation, a check on the whole table."""

from harness.comparison.arm import Arm, reporting_record
from harness.comparison.contrast import Contrast, contrast, no_error
from harness.comparison.numbers import p_text
from harness.comparison.results import Json
from harness.comparison.shown import interval

AA = "a/a"
AA_ALPHA = 0.01  # one sound table in a hundred raises the alarm
LOOKS_DIFFERENT = 0.05  # one sound table in twenty has an interval without zero, which is no alarm yet
SUSPECT = "noise floor suspect"


def aa_record(arm: Arm, baseline: Arm, confidence: float) -> Json:
    """The A/A difference by the test that the claims use; outside the family and the pooled residual."""
    pair = contrast(arm, baseline, confidence, AA_ALPHA)
    alarm = rings(pair)
    runs = {key: value for key, value in reporting_record(arm, confidence).items() if key not in ("mean", "median")}
    return runs | {
        "difference": pair.estimate.mean if pair.estimate else None,
        "ci": interval(pair.estimate) if pair.estimate else None,
        "p": pair.p,
        "alarm": alarm,
        "why": SUSPECT if alarm else silence(pair),
    }


def rings(pair: Contrast) -> bool:
    """Whether the row differs from itself; a difference that is the same on every seed is no noise either."""
    constant = pair.estimate is not None and pair.estimate.sd == 0 and pair.estimate.mean != 0 and pair.estimate.n > 1
    return pair.finished and (constant or (pair.p is not None and pair.p < AA_ALPHA))


def silence(pair: Contrast) -> str:
    """Why a row without alarm proves little, or why one that looks like it has none; empty where it is sound."""
    if pair.arm.reporting_gap or pair.baseline.reporting_gap:
        return pair.arm.reporting_gap or f"baseline {pair.baseline.reporting_gap}"
    if len(pair.arm.seeds) < 2:
        return "one seed: no interval"
    if pair.estimate is not None and pair.estimate.sd == 0:
        return "the A/A row repeats the baseline exactly: it shows no noise"
    if pair.p is not None and pair.p < LOOKS_DIFFERENT:
        return f"no alarm, which takes p < {AA_ALPHA:g} ({p_text(pair.p)} here)"
    return "; ".join(no_error(pair))
