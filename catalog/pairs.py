"""How many (query, key) pairs a visibility lets be seen among so many slots, in closed form."""

from collections.abc import Callable, Mapping
from typing import Any


def visible_pairs(name: str, tokens: int, source: int | None = None) -> int | None:
    """The pairs among `tokens` slots under a visibility as `built.json` names it; None where no formula is known.

    `memory` are the pairs with an encoder's slots: `source` of them, or as many as there are tokens.
    """
    if name == "memory":
        return tokens * (tokens if source is None else source)
    words = name.removeprefix("Both+").split("+")
    kinds = tuple(sorted(word for word in words if not word.isdigit()))
    formula = FORMULAS.get(kinds)
    return formula(tokens, *(int(word) for word in words if word.isdigit())) if formula else None


def flops(built: Mapping[str, Any], tokens: int) -> float | None:
    """Forward FLOPs for each token of a text of `tokens`, from a record of `built.json`."""
    total = built["flops_per_token"] * tokens
    for name, cost in built["flops_per_pair"].items():
        pairs = visible_pairs(name, tokens)
        if pairs is None:
            return None
        total += cost * pairs
    return float(total / tokens)


def _triangle(tokens: int) -> int:
    return tokens * (tokens + 1) // 2


def _causal_window(tokens: int, window: int) -> int:
    seen = min(tokens, window)
    return _triangle(seen) + (tokens - seen) * seen


def _window(tokens: int, window: int) -> int:
    return 2 * _causal_window(tokens, window) - tokens


def _global_window(tokens: int, window: int, n_global: int) -> int:
    beyond = sum(max(tokens - first - window, 0) for first in range(min(n_global, tokens)))
    return _window(tokens, window) + 2 * beyond


def _causal_chunk(tokens: int, chunk: int) -> int:
    return tokens // chunk * _triangle(chunk) + _triangle(tokens % chunk)


def _chunk(tokens: int, chunk: int) -> int:
    return int(tokens // chunk * chunk**2 + (tokens % chunk) ** 2)


def _segments(tokens: int, segment: int) -> list[tuple[int, int]]:
    """Where each segment starts, and how many slots it has."""
    return [(start, min(segment, tokens - start)) for start in range(0, tokens, segment)]


def _causal_segment(tokens: int, segment: int, memory: int) -> int:
    return sum(_triangle(size) + size * min(start, memory) for start, size in _segments(tokens, segment))


def _segment(tokens: int, segment: int, memory: int) -> int:
    return sum(size * (size + min(start, memory)) for start, size in _segments(tokens, segment))


FORMULAS: dict[tuple[str, ...], Callable[..., int]] = {
    ("CausalVisibility",): _triangle,
    ("PrefixVisibility",): _triangle,
    ("FullVisibility",): lambda tokens: tokens**2,
    ("PermutationVisibility",): lambda tokens, seed, length: _triangle(tokens),
    ("CausalVisibility", "WindowVisibility"): _causal_window,
    ("CausalVisibility", "ChunkVisibility"): _causal_chunk,
    ("FullVisibility", "WindowVisibility"): _window,
    ("GlobalWindowVisibility",): _global_window,
    ("FullVisibility", "GlobalWindowVisibility"): _global_window,
    ("ChunkVisibility", "FullVisibility"): _chunk,
    ("CausalVisibility", "SegmentVisibility"): _causal_segment,
    ("FullVisibility", "SegmentVisibility"): _segment,
}
