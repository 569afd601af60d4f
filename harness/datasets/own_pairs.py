"""A user's own pairs of texts: sources that repeat become one with several right targets."""

from collections.abc import Sequence
from hashlib import sha256

from harness.datasets.address import address
from harness.datasets.cards import SPLITS
from harness.datasets.own_rows import Row, read_rows
from harness.datasets.splitting import normal, split_items

TextPair = tuple[str, tuple[str, ...]]
FIELDS = ("source", "target")


def read_pairs(data: str) -> tuple[dict[str, list[TextPair]], list[str]]:
    """Source and right targets by split, and what was dropped or joined.

    Raises:
        ValueError: the data cannot be read, a line is bad, or there are too few pairs.
    """
    parts, notes = read_rows(address(data), FIELDS, several=True)
    joined = {split: _joined(rows) for split, rows in parts.items()}
    repeated = sum(len(rows) - len({(normal(r[0]), *r[1:]) for r in rows}) for rows in parts.values())
    if repeated:
        notes.append(f"{repeated} repeated pairs dropped")
    several = sum(len(targets) > 1 for pairs in joined.values() for _, targets in pairs)
    if several:
        notes.append(f"{several} sources with several targets, each of which is right; the first is trained on")
    return split_items(joined, lambda pair: normal(pair[0]), "pairs", notes)


def digest_of(splits: dict[str, list[TextPair]]) -> str:
    """One sha256 over the pairs of every split."""
    return sha256(repr([splits[split] for split in SPLITS]).encode()).hexdigest()


def _joined(rows: Sequence[Row]) -> list[TextPair]:
    """Each source once, as it was first written, with all of its targets."""
    first: dict[str, str] = {}
    targets: dict[str, dict[str, None]] = {}
    for source, *answers in rows:
        key = normal(source)
        first.setdefault(key, source)
        targets.setdefault(key, {}).update(dict.fromkeys(answers))
    return [(first[key], tuple(answers)) for key, answers in targets.items()]
