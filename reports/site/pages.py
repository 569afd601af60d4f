"""The pages of the site, from templates; `root` leads from a page to the site's folder."""

from collections.abc import Iterator
from functools import cache
from html import escape
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from catalog.citation import bibtex
from catalog.records import load_records
from reports import numbers
from reports.site.collect import Record, Site, SiteEntry
from reports.site.columns import COLUMNS, choices, title
from reports.site.data import FACTS, comparison_data
from reports.site.diagram import diagram
from reports.site.family import families, years
from reports.site.libraries import libraries
from reports.site.results import Result
from reports.site.said import word
from reports.templating import environment

FEW = 60  # entries that the page of an axis still names; of more the table is the better list


def pages(site: Site, results: dict[str, list[Result]]) -> Iterator[tuple[str, str]]:
    """(path, text) of every page and of the data that the scripts read."""
    lists = {"lab": values(site, "lab"), "licence": values(site, "licence")}
    filters = {"choices": choices(site.entries), "axes": list(load_records()), "lists": lists}
    yield "index.html", render("index.html", site=site, columns=COLUMNS, filters=filters, page="index")
    yield "tree.html", render("tree.html", families=families(site), stacks=stacks(site), page="tree")
    yield "timeline.html", render("timeline.html", years=years(site), stacks=stacks(site), page="timeline")
    yield "compare.html", render("compare.html", site=site, page="compare")
    yield "axes.html", render("axes.html", records=load_records(), users=users(site), page="axes")
    for sort, kinds in load_records().items():
        shown = render("axis.html", root="../", page="axes", sort=sort, kinds=kinds, users=users(site), few=FEW)
        yield f"axis/{sort}.html", shown
    for entry in site.entries:
        told = entry_page(entry, site, results.get(entry.id, []))
        yield f"entry/{entry.file}", render("entry.html", root="../", page="entry", **told)
    yield "data.js", comparison_data(site)


def render(template: str, root: str = "", **values: Any) -> str:
    return templates().get_template(f"site/{template}").render(root=root, libraries=libraries(), **values)


@cache
def templates() -> Environment:
    counted = {"count": numbers.count, "short": numbers.short, "number": numbers.number}
    return environment({**counted, "word": word, "title": title, "plain": plain})


def plain(text: str) -> Markup:
    """Text between tags, where quotation marks may stand as they are."""
    return Markup(escape(text, quote=False))


def stacks(site: Site) -> list[str]:
    """Those that have a mark of their own, as far as an entry has them."""
    found = {entry.row["stack"] for entry in site.entries}
    return [stack for stack in ("encoder", "decoder", "encoder_decoder", "other") if stack in found]


def values(site: Site, fact: str) -> list[str]:
    return sorted({str(entry.row[fact]) for entry in site.entries if entry.row.get(fact)})


def users(site: Site) -> dict[tuple[str, str], list[SiteEntry]]:
    """The entries that use a kind, by (sort, kind)."""
    found: dict[tuple[str, str], list[SiteEntry]] = {}
    for entry in site.entries:
        for sort, kinds in entry.row.get("kinds", {}).items():
            for kind in kinds:
                found.setdefault((sort, kind), []).append(entry)
    return found


def entry_page(entry: SiteEntry, site: Site, results: list[Result]) -> Record:
    built, doubted = entry.card.get("built") or {}, entry.card.get("unverified") or []
    return {
        "entry": entry,
        "site": site,
        "facts": [(name, entry.card[name]) for name in FACTS if entry.card.get(name)],
        "doubted": doubted,
        "unmarked": [name for name in doubted if name not in (*FACTS, "paper") or not entry.card.get(name)],
        "ancestors": ancestors(entry, site),
        "picture": diagram(entry.spec, entry.card["name"]) if entry.spec else Markup(""),
        "modules": modules(built),
        "built": built,
        "bibtex": bibtex(entry.card["paper"]) if entry.card.get("paper") else "",
        "results": results,
    }


def ancestors(entry: SiteEntry, site: Site) -> list[str]:
    """Ids from the root of the family to the entry's parent."""
    known, chain = site.by_id, [entry.id]
    while (above := known[chain[-1]].parent) in known and above not in chain:
        chain.append(above)
    return chain[:0:-1]


def modules(built: Record) -> list[tuple[str, int, float]]:
    """(module, parameters, share of all), the largest first."""
    counts = built.get("parameters", {})
    rows = sorted((counts.get("by_module") or {}).items(), key=lambda pair: (-pair[1], pair[0]))
    return [(name, number, number / counts["total"]) for name, number in rows if number]
