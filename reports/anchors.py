"""Names of places on the page and of files: safe whatever a table or an arm is called."""

import hashlib
import re

from reports.records import Run, Table


def slug(text: str) -> str:
    """The text where it is safe as it is; otherwise what is safe of it and a mark that keeps different texts apart."""
    safe = re.sub(r"[^A-Za-z0-9.-]+", "-", text).strip("-.")[:60]
    return safe if safe and safe == text else f"{safe or 'x'}-{hashlib.sha256(text.encode()).hexdigest()[:6]}"


def runs_anchor(table: Table, arm: str, purpose: str = "reporting") -> str:
    """Where the runs of an arm for a purpose are listed."""
    return f"{slug(table.id)}-{table.arms.index(arm)}-{purpose.replace('/', '')}"


def run_anchor(table: Table, run: Run) -> str:
    return f"{slug(table.id)}-run-{run.id}"
