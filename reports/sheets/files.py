"""A sheet as CSV (plain values), Markdown and LaTeX (values as the page writes them)."""

import csv
import io
import re

from reports.sheets.sheet import Sheet

TEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "−": "$-$", "–": "--", "\u202f": r"\,",
}  # fmt: skip


def csv_text(sheet: Sheet) -> str:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    keys = [key for column in sheet.written for key in column.keys]
    writer.writerow(keys)
    writer.writerows([row.get(key) for key in keys] for row in sheet.rows)
    return file.getvalue()


def markdown_text(sheet: Sheet) -> str:
    titles = [markdown_cell(column.title) for column in sheet.written]
    rules = ["---:" if column.numeric else "---" for column in sheet.written]
    rows = [[markdown_cell(column.text(row)) for column in sheet.written] for row in sheet.rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (titles, rules, *rows))


def markdown_cell(text: str) -> str:
    return re.sub(r"([\\|<>`*_\[\]])", r"\\\1", one_line(text))


def latex_text(sheet: Sheet) -> str:
    """A booktabs tabular."""
    columns = "".join("r" if column.numeric else "l" for column in sheet.written)
    titles = " & ".join(latex_cell(column.title) for column in sheet.written)
    rows = [" & ".join(latex_cell(column.text(row)) for column in sheet.written) for row in sheet.rows]
    body = "".join(f"{row} \\\\\n" for row in rows)
    return (
        f"\\begin{{tabular}}{{{columns}}}\n\\toprule\n{titles} \\\\\n\\midrule\n{body}\\bottomrule\n\\end{{tabular}}\n"
    )


def latex_cell(text: str) -> str:
    return "".join(TEX.get(letter, letter) for letter in one_line(text))


def one_line(text: str) -> str:
    return " ".join(text.split(None)) if "\n" in text or "\r" in text else text


WRITERS = {"csv": csv_text, "md": markdown_text, "tex": latex_text}
