"""Tables and results for the tests of the comparison: losses are given, everything else is filled in."""

from harness.comparison import compare_table

RATES = [1e-3, 3e-3, 1e-2, 3e-2]
BASE = [2.00, 2.03, 1.98, 2.01, 1.99]
WORSE = [2.05, 2.09, 2.03, 2.05, 2.04]  # above BASE by .05 .06 .05 .04 .05
SLIGHT = [2.02, 2.05, 1.985, 2.03, 1.992]  # above BASE by .02 .02 .005 .02 .002
ALIKE = [2.01, 2.02, 1.99, 2.00, 1.985]  # above BASE by .01 -.01 .01 -.01 -.005, so a little better


def result(loss, id, **shown):
    """A finished run; a loss that is a word is a state without result, and "diverged" a run without loss."""
    if loss == "diverged":
        return {"id": id, "state": "diverged", "val": {"loss": None}, "test": None}
    if isinstance(loss, str):
        return {"state": loss}
    return {"id": id, "state": "done", "val": {"loss": loss - 0.5}, "test": {"loss": loss}, "shown": shown}


def tuning(losses=(2.0, 1.9, 1.95, 2.1), name="arm", rates=tuple(RATES)):
    """One tuning seed, number 100; the second rate is the best."""
    return {(rate, 100): result(loss, f"{name}-tuning-{rate}") for rate, loss in zip(rates, losses, strict=True)}


def arm(losses, name="arm", curve=None, shown=None):
    reporting = {s: result(x, f"{name}-{s}", **(shown[s] if shown else {})) for s, x in enumerate(losses)}
    return {"tuning": tuning(name=name) if curve is None else tuning(curve, name), "reporting": reporting}


def table_plan(names, n=5, **options):
    plan = {
        "id": "table",
        "title": "A table",
        "metric": "nats per byte",
        "baseline": "base",
        "margin": None,
        "alpha": 0.05,
        "learning_rates": RATES,
        "tuning_seeds": [100],
        "reporting_seeds": list(range(n)),
        "variants": {name: {} for name in names},
        "trivial": {},
    }
    return plan | options


def results_of(**losses):
    """Results by name; A/A is `aa`."""
    return {
        {"aa": "a/a"}.get(name, name): value if isinstance(value, dict) else arm(value, name)
        for name, value in losses.items()
    }


def compared(n=5, options=None, **losses):
    results = results_of(**losses)
    names = [name for name in results if name != "a/a"]
    return compare_table(table_plan(names, n, **(options or {})), results)


def difference(table, name="arm"):
    return next(row for row in table["differences"] if row["arm"] == name)


def row(table, name):
    return next(row for row in table["arms"] if row["name"] == name)
