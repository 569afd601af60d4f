"""The page: one HTML file that loads nothing, from a template of the package."""

import base64
import hashlib
from collections import Counter
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from reports import numbers
from reports.anchors import slug
from reports.figures import Drawn
from reports.records import Sweep, Table
from reports.sheets.budget import view_name
from reports.sheets.sheet import Sheet
from reports.templating import environment

Sheets = dict[str, dict[str, Sheet]]
Figures = dict[str, list[Drawn]]


def render(sweep: Sweep, sheets: Sheets, figures: Figures, costs: dict[str, Any]) -> str:
    """The page; what depends on `costs` stays inside its section of that id."""
    script, style = asset("page.js"), asset("page.css")
    hashed = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        templates()
        .get_template("page.html")
        .render(
            sweep=sweep,
            sheets=sheets,
            figures=figures,
            costs=costs,
            style=Markup(style),
            script=Markup(script),
            script_hash=hashed,
            arms=max(len(table.arms) for table in sweep.tables),
        )
    )


@cache
def templates() -> Environment:
    return environment(
        {
            "slug": slug,
            "count": numbers.count,
            "view": view_name,
            "states": states,
            "digests": digests,
            "open": is_open,
            "inline": in_page,
        }
    )


def asset(name: str) -> str:
    return files("reports").joinpath("templates", name).read_text(encoding="utf-8")


def states(table: Table | Sweep) -> list[tuple[str, int]]:
    """How many runs are in each state, `done` first."""
    counted = Counter(run.state for run in table.runs)
    return sorted(counted.items(), key=lambda item: (item[0] != "done", item[0]))


def is_open(table: Table) -> bool:
    """Whether a planned run of the table has not come to its end."""
    return any(run.state in ("never", "running", "interrupted") for run in table.runs)


def digests(table: Table) -> list[str]:
    """The digests of the data that the table's runs use."""
    planned = [table.plan["data"]] if table.plan.get("data") else []
    return sorted({*planned, *(str(run.spec["data"]) for run in table.runs if "data" in run.spec)})


def in_page(drawn: Drawn) -> Markup:
    return Markup(drawn.inline)
