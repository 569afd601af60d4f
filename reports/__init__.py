"""Reports: figures, tables and one self-contained page per sweep, and the same in Python; no torch."""

from reports.notebook import Report, load
from reports.writer import write

__all__ = ["Report", "load", "write"]
