"""The entries by descent, as the trees of their families, and by date, as the years of the timeline."""

from collections.abc import Iterator
from dataclasses import dataclass

from reports.site.collect import Site, SiteEntry


@dataclass(frozen=True)
class Branch:
    """An entry with the branches that come from it, by date; `size` counts the entries below."""

    entry: SiteEntry
    branches: tuple["Branch", ...]

    @property
    def size(self) -> int:
        return sum(1 + branch.size for branch in self.branches)


def families(site: Site) -> list[Branch]:
    """A tree for each entry whose parent is unknown, the largest first, then by date."""
    known = site.by_id
    roots = [_branch(entry, known) for entry in in_time(site.entries) if entry.parent not in known]
    return sorted(roots, key=lambda root: -root.size)


def years(site: Site) -> dict[int, list[SiteEntry]]:
    """Published models by year, the latest year first; a variant of one change has no size of its own to show."""
    found: dict[int, list[SiteEntry]] = {}
    for entry in in_time(site.entries):
        if entry.row.get("year") and entry.sort != "variant":
            found.setdefault(int(entry.row["year"]), []).append(entry)
    return dict(sorted(found.items(), reverse=True))


def in_time(entries: tuple[SiteEntry, ...] | Iterator[SiteEntry]) -> list[SiteEntry]:
    return sorted(entries, key=lambda entry: (str(entry.row["date"] or "9"), entry.id))


def _branch(entry: SiteEntry, known: dict[str, SiteEntry]) -> Branch:
    below = in_time(known[name] for name in entry.children)
    return Branch(entry, tuple(_branch(child, known) for child in below))
