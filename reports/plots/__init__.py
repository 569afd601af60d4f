"""Figures: one file per plot, each computing its data apart from drawing it; a new plot is one new file here."""
