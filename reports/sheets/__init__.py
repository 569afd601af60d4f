"""Tables of a report: one file per sheet, each a list of plain rows that is written as HTML, CSV, Markdown and LaTeX."""
