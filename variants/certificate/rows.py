"""Rows of a batch do not see each other."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from variants.certificate.subject import SEEN, Subject


def check_rows(subject: Subject) -> Iterator[str]:
    """Edits one row and looks at the others."""
    inputs, other = subject.inputs(batch=4), subject.inputs(batch=4, seed=9)
    for name in inputs:
        edited = {**inputs, name: inputs[name].clone()}
        edited[name][2] = other[name][2]
        with torch.no_grad():
            change = (subject.model(**edited) - subject.model(**inputs)).abs().flatten(1).amax(1)
        change[2] = 0
        if float(change.max()) > SEEN:
            yield f"editing row 2 of {name} changes row {int(change.argmax())} by {float(change.max()):.1e}"
