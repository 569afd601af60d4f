"""The first column of most sheets: an arm with its line and marker, leading to its runs."""

from functools import partial

from markupsafe import Markup

from reports.anchors import runs_anchor
from reports.records import Record, Table
from reports.sheets.sheet import Column
from reports.swatch import swatch


def arm_column(table: Table, title: str = "Arm", purpose: str = "reporting") -> Column:
    """Rows have `arm` and, where the name is that of a planned arm, `arm_index`."""
    return Column("arm", title, link=partial(arm_link, table, purpose), picture=arm_picture)


def arm_link(table: Table, purpose: str, row: Record) -> str:
    return runs_anchor(table, row["arm"], row.get("purpose", purpose)) if row["arm"] in table.arms else ""


def arm_picture(row: Record) -> Markup:
    mark = swatch(row["arm_index"]) if row.get("arm_index") is not None else Markup("")
    return Markup('{}<span class="name">{}</span>').format(mark, row["arm"])


def arm_row(table: Table, name: str) -> Record:
    return {"arm": name, "arm_index": table.arms.index(name)}
