"""The plots of a report, found by themselves: every module of `reports.plots` that holds a `PLOT`."""

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass

from matplotlib.figure import Figure
from pandas import DataFrame

import reports.plots
from reports.records import Table


@dataclass(frozen=True)
class Plot:
    """A figure of a table.

    `data` computes what is drawn, an empty frame where the table has nothing to draw; `describe` says it in a sentence
    for those who cannot see it; `caption` tells how to read it; `absent` is said in place of an empty figure.
    """

    name: str
    title: str
    order: int
    caption: str
    absent: str
    data: Callable[[Table], DataFrame]
    draw: Callable[[DataFrame], Figure]
    describe: Callable[[DataFrame], str]


def plots() -> list[Plot]:
    """All plots in the order of the page."""
    names = sorted(module.name for module in pkgutil.iter_modules(reports.plots.__path__))
    modules = [importlib.import_module(f"reports.plots.{name}") for name in names]
    return sorted((module.PLOT for module in modules if hasattr(module, "PLOT")), key=lambda plot: plot.order)
