"""The family tree over time: a row an entry, ordered by descent, at the date of its publication."""

from collections.abc import Iterator
from dataclasses import dataclass

from reports.site.collect import Site, SiteEntry

LEFT, YEAR, ROW, TOP = 24, 96, 19, 40


@dataclass(frozen=True)
class Place:
    """An entry's place: x by its date, y by its row; `parent` is the place it comes from."""

    entry: SiteEntry
    x: float
    y: int
    parent: "Place | None"


@dataclass(frozen=True)
class Family:
    places: tuple[Place, ...]
    years: tuple[int, ...]

    @property
    def width(self) -> int:
        return LEFT + YEAR * len(self.years) + 240

    @property
    def height(self) -> int:
        return TOP + ROW * len(self.places) + 20

    def year_x(self, year: int) -> int:
        return LEFT + YEAR * (year - self.years[0])


def family(site: Site) -> Family:
    """Parents before their children, the oldest root first; an entry whose parent is unknown is a root."""
    dated = {entry.id: entry for entry in site.entries if entry.row.get("year")}
    years = sorted({int(entry.row["year"]) for entry in dated.values()})
    span = tuple(range(years[0], years[-1] + 1)) if years else ()
    roots = [entry for entry in dated.values() if entry.parent not in dated]
    places: list[Place] = []
    for root in in_time(roots):
        places.extend(_descend(root, None, dated, span, len(places)))
    return Family(tuple(places), span)


def in_time(entries: list[SiteEntry]) -> list[SiteEntry]:
    return sorted(entries, key=lambda entry: (str(entry.row["date"]), entry.id))


def _descend(
    entry: SiteEntry, parent: Place | None, dated: dict[str, SiteEntry], years: tuple[int, ...], row: int
) -> Iterator[Place]:
    place = Place(entry, _x(str(entry.row["date"]), years), TOP + ROW * row + ROW // 2, parent)
    yield place
    row += 1
    for child in in_time([dated[name] for name in entry.children if name in dated]):
        below = list(_descend(child, place, dated, years, row))
        yield from below
        row += len(below)


def _x(date: str, years: tuple[int, ...]) -> float:
    year, month = int(date[:4]), int(date[5:7] or 1)
    return LEFT + YEAR * (year - years[0] + (month - 1) / 12)
