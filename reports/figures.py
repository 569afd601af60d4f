"""All figures of a sweep: computed, drawn, and kept as the bytes of their files."""

from collections.abc import Iterator
from dataclasses import dataclass

from pandas import DataFrame

from reports.anchors import slug
from reports.plots.registry import Plot, Subject, plots
from reports.records import Table, Together
from reports.svg import inline, png, svg


@dataclass(frozen=True)
class Drawn:
    """A figure; without a `document` there was nothing to draw."""

    plot: Plot
    name: str
    description: str
    document: str
    picture: bytes
    csv: str

    @property
    def inline(self) -> str:
        return inline(self.document)

    def files(self) -> Iterator[tuple[str, bytes]]:
        """(path in the report's folder, content)."""
        contents = {"svg": self.document.encode(), "png": self.picture, "csv": self.csv.encode()}
        return ((f"figures/{self.name}.{ending}", content) for ending, content in contents.items() if self.document)


def table_figures(table: Table) -> list[Drawn]:
    return [drawn(table, plot) for plot in plots()]


def together_figures(together: Together) -> list[Drawn]:
    return [drawn(together, plot) for plot in plots(together.kind)]


def drawn(subject: Subject, plot: Plot) -> Drawn:
    name = f"{slug(subject.id)}-{plot.name}"
    data = plot.data(subject)
    if not drawable(data):
        return Drawn(plot, name, plot.absent, "", b"", "")
    description = plot.describe(data)
    figure = plot.draw(data)
    document = svg(figure, name, f"{plot.title}: {subject.title}", description)
    figure.set_layout_engine("none")  # laid out by now; the second file takes the places of the first
    return Drawn(plot, name, description, document, png(figure), data.to_csv(index=False, lineterminator="\n"))


def drawable(data: DataFrame) -> bool:
    return not data.empty
