"""The plots of a report, found by themselves: every module of `reports.plots` that holds a `PLOT`."""

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from matplotlib.figure import Figure
from pandas import DataFrame

import reports.plots
from reports.records import Table, Together


@dataclass(frozen=True)
class Plot:
    """A figure of a table, or of what several tables say together.

    `of` is `table`, `tasks` or `ladders`. `data` computes what is drawn, an empty frame where the subject has nothing
    to draw; `describe` says it in a sentence for those who cannot see it; `caption` tells how to read it; `absent` is
    said in place of an empty figure.
    """

    name: str
    title: str
    order: int
    caption: str
    absent: str
    data: Callable[[Any], DataFrame]
    draw: Callable[[DataFrame], Figure]
    describe: Callable[[DataFrame], str]
    of: str = "table"


Subject = Table | Together  # what a plot's `data` takes


def plots(of: str = "table") -> list[Plot]:
    """The plots of that subject in the order of the page."""
    names = sorted(module.name for module in pkgutil.iter_modules(reports.plots.__path__))
    modules = [importlib.import_module(f"reports.plots.{name}") for name in names]
    found = [module.PLOT for module in modules if hasattr(module, "PLOT")]
    return sorted((plot for plot in found if plot.of == of), key=lambda plot: plot.order)
