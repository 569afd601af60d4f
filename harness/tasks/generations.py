"""Scores of greedy generations: exact match and error rate against every right answer."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.tasks.tally import Ranges, bucket_name
from harness.tasks.task import Scored
from harness.tasks.vocabulary import EOS, PAD


@dataclass(frozen=True)
class Edit:
    """One generation against its nearest reference: edits, the reference's length, and the source's length."""

    edits: int
    length: int
    source_length: int


def edits_of(scored: Sequence[Scored]) -> list[Edit]:
    """One `Edit` per example that was generated."""
    return [edit for item in scored if item.generated is not None for edit in _edits(item)]


def error_rate(edits: Sequence[Edit]) -> float:
    """Edits over reference symbols, of all examples together."""
    return sum(e.edits for e in edits) / sum(e.length for e in edits)


def exact_match(edits: Sequence[Edit]) -> float:
    """The share of examples without an edit."""
    return sum(e.edits == 0 for e in edits) / len(edits)


def error_rates_by_length(edits: Sequence[Edit], ranges: Ranges) -> dict[str, dict[str, float]]:
    """By bucket name of each range of source lengths that has an example: {"error_rate": …}."""
    groups = {bucket_name(low, high): [e for e in edits if low <= e.source_length <= high] for low, high in ranges}
    return {bucket: {"error_rate": error_rate(group)} for bucket, group in groups.items() if group}


def edit_distance(left: Sequence[int], right: Sequence[int]) -> int:
    """Insertions, deletions and replacements that turn one row into the other (Levenshtein)."""
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, start=1):
        corner, row[0] = row[0], i
        for j, b in enumerate(right, start=1):
            corner, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, corner + (a != b))
    return row[-1]


def until_end(ids: npt.NDArray[np.int64]) -> list[int]:
    """The ids before the first EOS or PAD."""
    ends = np.flatnonzero((ids == EOS) | (ids == PAD))
    return [int(token) for token in ids[: ends[0] if len(ends) else len(ids)]]


def _edits(item: Scored) -> Iterator[Edit]:
    assert item.generated is not None
    assert item.batch.references is not None
    lengths = item.batch.groups["source_length"]
    for generated, references, source_length in zip(item.generated, item.batch.references, lengths, strict=True):
        answers = [answer for answer in map(until_end, references) if answer]
        edits, length = min(
            ((edit_distance(until_end(generated), answer), len(answer)) for answer in answers),
            key=lambda pair: (pair[0] / pair[1], -pair[1]),
        )
        yield Edit(edits, length, int(source_length))
