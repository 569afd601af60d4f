"""Reports: figures, tables and one self-contained page per sweep; no torch."""

from reports.writer import write

__all__ = ["write"]
