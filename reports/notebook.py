"""A sweep in Python: its comparison as a data frame, its figures, and what a notebook shows of both."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure
from pandas import DataFrame

from catalog.errors import did_you_mean
from harness.comparison import Comparison
from reports.figures import drawable, drawn
from reports.ledger_reader import read_sweep
from reports.plots.registry import plots
from reports.records import Sweep


@dataclass(frozen=True)
class Report:
    """What a sweep has shown so far."""

    sweep: Sweep

    @property
    def comparison(self) -> Comparison:
        together = {
            kind: [one.record for one in self.sweep.together if one.kind == kind] for kind in ("tasks", "ladders")
        }
        return Comparison({"tables": [table.comparison for table in self.sweep.tables if table.comparison], **together})

    def frame(self) -> DataFrame:
        """One row an arm, best tier first."""
        return self.comparison.frame()

    def plot(self, name: str = "differences", table: str | None = None) -> Figure:
        """A figure of the page by its name, of the first table or of the one with this id.

        Raises:
            ValueError: there is no such figure or table, or nothing to draw yet.
        """
        tables = {one.id: one for one in self.sweep.tables}
        subject = tables[_known("table", table or next(iter(tables)), tables)]
        known = {plot.name: plot for plot in plots()}
        plot = known[_known("plot", name, known)]
        data = plot.data(subject)
        if not drawable(data):
            raise ValueError(f"{name}: {plot.absent}")
        return plot.draw(data)

    def _repr_html_(self) -> str:
        differences, *_ = plots()
        figures = [drawn(table, differences).document for table in self.sweep.tables]
        return "\n".join([self.comparison._repr_html_(), *figures])


def load(sweep_folder: str | Path) -> Report:
    """The sweep in a ledger's folder, such as `runs/sweeps/NAME`.

    Raises:
        BadLedger: the folder holds no plan, or a record cannot be read.
    """
    folder = Path(sweep_folder)
    return Report(read_sweep(folder, folder.resolve().parent.parent))


def _known(field: str, name: str, known: Collection[str]) -> str:
    if name not in known:
        near = did_you_mean(name, known)
        hint = f"; did you mean {near}?" if near else ""
        raise ValueError(f"{field}: unknown (got {name!r}; allowed: {', '.join(known)}{hint})")
    return name
