"""The verdicts in plain English, each with its numbers and its interval."""

from collections.abc import Callable

from harness.comparison.arm import CLAIM_SEEDS
from harness.comparison.noise import SUSPECT
from harness.comparison.numbers import fixed, p_text, percent, places, seeds_text
from harness.comparison.results import Json
from harness.statistics.power import CAP, POWER


def sentences(table: Json) -> list[str]:
    """An alarm first, a sentence a contrast, the effects of factors, the tiers, trivial rules, and the A/A row.

    Where the arms are a chain of single changes, these are what was asked for, and come before the contrasts.
    """
    verdicts = [SENTENCES[row["verdict"]](row, table) for row in table["differences"]]
    aa = aa_sentence(table)
    effects = table["effects"] or {"design": "", "sentences": []}
    found = (
        [verdicts, effects["sentences"]] if effects["design"] != "single changes" else [effects["sentences"], verdicts]
    )
    told = [*found[0], *found[1], *tier_sentence(table), *trivial_sentences(table)]
    return [aa, *told] if table["aa"]["alarm"] else [*told, aa]


def decided(row: Json, table: Json) -> str:
    """For better and worse."""
    subject = f"{row['arm']} is {row['verdict']} than {row['baseline']}"
    if row["mean"] is None:
        return f"{subject} by rank ({row['why']})."
    size = fixed(abs(row["mean"]), decimals(row))
    return f"{subject} by {size} {table['metric']} ({evidence(row, table)}, Holm {p_text(row['p_holm'])})."


def same(row: Json, table: Json) -> str:
    margin = f"the declared margin of {table['margin']:g} {table['metric']}"
    difference = f"the difference is {fixed(row['mean'], decimals(row))}"
    return (
        f"{row['arm']} is the same as {row['baseline']} within {margin}: {difference} "
        f"({evidence(row, table)}, Holm {p_text(row['p_same'])})."
    )


def tie(row: Json, table: Json) -> str:
    subject = f"{row['arm']} and {row['baseline']} are a tie"
    if row["mdd"] is None:
        return f"{subject}: their losses are identical on every seed, so the two may compute the same thing."
    size = f"{fixed(row['mean'], decimals(row))} {table['metric']}"
    corrected = f" once corrected for {len(table['differences'])} comparisons" if one_signed(row["ci"]) else ""
    return (
        f"{subject}: the difference of {size} could not be told from zero{corrected} "
        f"({evidence(row, table)}, Holm {p_text(row['p_holm'])}); {outlook(row)}."
    )


def no_claim(row: Json, table: Json) -> str:
    subject = f"No claim on {row['arm']} against {row['baseline']} ({row['why']})"
    if row["mean"] is None:
        return f"{subject}."
    seen = f"the difference seen is {fixed(row['mean'], decimals(row))} {table['metric']}"
    bounds = block_evidence(row, table) if table["n_seeds"] < CLAIM_SEEDS else evidence(row, table)
    return f"{subject}: {seen} ({bounds})."


SENTENCES: dict[str, Callable[[Json, Json], str]] = {
    "better": decided,
    "worse": decided,
    "same": same,
    "tie": tie,
    "no claim": no_claim,
}


def decimals(row: Json) -> int:
    ci = row["ci"] or row["block_ci"]
    return places((ci[1] - ci[0]) / 2 if ci else None)


def evidence(row: Json, table: Json) -> str:
    """The interval and the seeds; the sign of a decided difference is said by its word."""
    if not row["ci"]:
        return seeds_text(row["n"])
    ends = sorted(map(abs, row["ci"])) if row["verdict"] in ("better", "worse") and one_signed(row["ci"]) else row["ci"]
    return f"{interval_text(ends, decimals(row), table)}, {seeds_text(row['n'])}"


def one_signed(ci: list[float]) -> bool:
    return ci[0] * ci[1] > 0


def block_evidence(row: Json, table: Json) -> str:
    if not row["block_ci"]:
        return seeds_text(row["n"])
    return f"block {interval_text(row['block_ci'], decimals(row), table)}, {seeds_text(row['n'])}"


def interval_text(ends: list[float], decimals: int, table: Json) -> str:
    return f"{percent(1 - table['alpha'])} interval {fixed(ends[0], decimals)} to {fixed(ends[1], decimals)}"


def outlook(row: Json) -> str:
    """What the plan could have seen, and what more seeds would cost."""
    sees = f"this plan sees {fixed(row['mdd'], places(row['mdd']))} or more with {percent(POWER)} power"
    if row["seeds_over_cap"]:
        return f"{sees}; more than {CAP} seeds would be needed"
    more = row["seeds_needed"] - row["n"]
    return f"{sees}; about {row['seeds_needed']} seeds would be needed, {more} more"


def tier_sentence(table: Json) -> list[str]:
    """Which arms share a tier and which have none; silent where fewer than two have one."""
    groups: dict[int, list[str]] = {}
    for arm in table["arms"]:
        if arm["tier"] is not None:
            groups.setdefault(arm["tier"], []).append(arm["name"])
    if sum(map(len, groups.values())) < 2:
        return []
    placed = ", ".join(f"{tier} ({', '.join(names)})" for tier, names in sorted(groups.items()))
    outside = ", ".join(arm["name"] for arm in table["arms"] if arm["tier"] is None)
    return [f"Tiers: {placed}{'; without a tier: ' + outside if outside else ''}."]


def trivial_sentences(table: Json) -> list[str]:
    """The arms that do no better than a rule which learns nothing, said of the best rule that holds them."""
    measured = [arm["name"] for arm in table["arms"] if arm["mean"] is not None]
    if not table["trivial"] or not measured:
        return []
    best = table["trivial"][0]
    beaten = [name for name in measured if name not in best["beaten_by"]]
    level = f"the trivial {best['name']} row ({best['loss']:.3f} {table['metric']})"
    return [f"Not below {level}: {', '.join(beaten)}."] if beaten else []


def aa_sentence(table: Json) -> str:
    aa = table["aa"]
    subject = f"{table['baseline']} against itself under another initialisation {aa_finding(aa, table)}"
    if aa["alarm"]:
        return f"{SUSPECT.capitalize()}: {subject}; rest nothing on this table before that is explained."
    return f"A/A row: {subject}{'; ' + aa['why'] if aa['why'] else ', no alarm'}."


def aa_finding(aa: Json, table: Json) -> str:
    if aa["difference"] is None:
        return f"has a loss in {aa['k_of_n']} runs" + (f", {p_text(aa['p'])} by rank" if aa["p"] is not None else "")
    row = aa | {"block_ci": None, "verdict": ""}
    return f"differs by {fixed(aa['difference'], decimals(row))} {table['metric']} ({evidence(row, table)})"
