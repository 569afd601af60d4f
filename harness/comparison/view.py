"""A comparison as an object: a data frame, a form for notebooks, JSON and CSV."""

import csv
import html
import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.comparison.results import Json

if TYPE_CHECKING:
    import pandas as pd

ROWS = ("tier", "mean", "ci_low", "ci_high", "n", "k_of_n", "median", "best_rate", "untuned")
CONTRASTS = ("difference", "difference_low", "difference_high", "p_holm", "verdict", "why")
COLUMNS = ("table", "arm", *ROWS, *CONTRASTS)


@dataclass(frozen=True)
class Comparison:
    """Wraps the record that `compare` returns, unchanged, as `record`."""

    record: Json

    def frame(self) -> "pd.DataFrame":
        """One row an arm, best tier first; the baseline has no difference."""
        import pandas as pd

        return pd.DataFrame(self.rows(), columns=list(COLUMNS))

    def rows(self) -> list[Json]:
        return [row for table in self.record["tables"] for row in table_rows(table)]

    def sentences(self) -> list[str]:
        together = [*self.record["tasks"], *self.record["ladders"]]
        return [sentence for record in [*self.record["tables"], *together] for sentence in record["sentences"]]

    def to_json(self) -> str:
        """The text of `comparison.json`."""
        return json.dumps(self.record, sort_keys=True, indent=1, allow_nan=False) + "\n"

    def to_csv(self) -> str:
        """The text of `tiers.csv`: the rows of the frame, numbers unrounded, nothing where there is none."""
        text = io.StringIO()
        writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows())
        return text.getvalue()

    def _repr_html_(self) -> str:
        parts = [table_html(table) for table in self.record["tables"]]
        return "\n".join(parts)


def table_rows(table: Json) -> list[Json]:
    differences = {row["arm"]: row for row in table["differences"]}
    return [{"table": table["id"]} | arm_row(arm) | contrast_row(differences.get(arm["name"])) for arm in table["arms"]]


def arm_row(arm: Json) -> Json:
    low, high = arm["ci"] or (None, None)
    same = {key: arm[key] for key in ("tier", "mean", "n", "k_of_n", "median", "best_rate", "untuned")}
    return same | {"arm": arm["name"], "ci_low": low, "ci_high": high}


def contrast_row(row: Json | None) -> Json:
    if row is None:
        return dict.fromkeys(CONTRASTS)
    low, high = row["ci"] or (None, None)
    same = {key: row[key] for key in ("p_holm", "verdict", "why")}
    return same | {"difference": row["mean"], "difference_low": low, "difference_high": high}


def table_html(table: Json) -> str:
    names = COLUMNS[1:]
    head = "".join(f"<th>{name}</th>" for name in names)
    body = "".join(f"<tr>{''.join(cell(row[name]) for name in names)}</tr>" for row in table_rows(table))
    said = "".join(f"<li>{html.escape(sentence)}</li>" for sentence in table["sentences"])
    caption = f"{html.escape(table['title'])} ({html.escape(table['metric'])}, lower is better)"
    return f"<table><caption>{caption}</caption><tr>{head}</tr>{body}</table><ul>{said}</ul>"


def cell(value: Any) -> str:
    text = "" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)
    return f"<td>{html.escape(text)}</td>"
