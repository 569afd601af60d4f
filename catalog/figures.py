"""What was measured of a model, as figures that people compare: parameters, FLOPs and cache for each token."""

from collections.abc import Mapping
from typing import Any

from catalog.built import built
from catalog.pairs import flops

FLOAT32, BFLOAT16 = 4, 2  # bytes of a number
FIGURES = ("parameters", "flops_per_token", "cache_bytes_per_token")


def figures(row: Mapping[str, Any]) -> dict[str, float | None]:
    """The figures of a row of the index: FLOPs at its own context, cache in bfloat16; None when it was not built."""
    record = built(row["spec_hash"]) if row["spec_hash"] else None
    if record is None:
        return dict.fromkeys(FIGURES)
    context = row["dimensions"]["context_length"]
    kept = cache_bytes(record)
    values = (record["parameters"]["total"], flops(record, context), kept and kept["per_token"]["bfloat16"])
    return dict(zip(FIGURES, values, strict=True))


def cache_bytes(record: Mapping[str, Any]) -> dict[str, dict[str, int]] | None:
    """Bytes that decoding keeps, by number format: `per_token`, and `fixed` once for windows and states.

    None for a model that does not decode.
    """
    kept = record.get("state_bytes")
    if kept is None:
        return None
    return {
        name: {"bfloat16": bytes_ // FLOAT32 * BFLOAT16, "float32": bytes_} for name, bytes_ in sorted(kept.items())
    }
