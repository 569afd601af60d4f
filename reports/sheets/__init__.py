"""Tables of a report: one file per sheet, a list of plain rows that becomes HTML, CSV, Markdown and LaTeX."""
