"""Checkpoints: tensors in safetensors, scalars in JSON with their digests; whole or not there, two kept."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file
from safetensors.torch import save as serialize
from torch import Tensor

from harness.ledger.canonical import canonical
from harness.ledger.errors import storage
from harness.ledger.files import sync_folder

FORMAT = 1
KEPT = 2


@dataclass(frozen=True)
class Checkpoint:
    """Everything a run needs to go on after `step`: tensors, scalars, and the learning curve up to there."""

    step: int
    tensors: dict[str, Tensor]
    scalars: dict[str, Any]
    curve: bytes


def save(folder: Path, checkpoint: Checkpoint, kept: int | None = KEPT) -> None:
    """Writes a checkpoint beside the older ones and then drops all but the last `kept`; None keeps all.

    Raises:
        StorageFault: the disk is full or cannot be written; the older ones are untouched.
    """
    root = folder / "checkpoint"
    temporary, final = root / f".part-{os.getpid()}", root / f"{checkpoint.step:09d}"
    with storage(root):
        for leftover in (temporary, final):
            shutil.rmtree(leftover, ignore_errors=True)
        temporary.mkdir(parents=True)
        _write(temporary, checkpoint)
        temporary.rename(final)
        sync_folder(root)
        for old in _folders(root)[:-kept] if kept else ():
            shutil.rmtree(old, ignore_errors=True)


def load_latest(folder: Path, warn: Callable[[str], None], up_to: int | None = None) -> Checkpoint | None:
    """The newest sound checkpoint, of step `up_to` at most; one that is not sound is told to `warn` and dropped."""
    for place in reversed(_folders(folder / "checkpoint")):
        if up_to is not None and int(place.name) > up_to:
            continue
        try:
            return _read(place)
        except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
            warn(f"step {int(place.name)}: {error}")
            shutil.rmtree(place, ignore_errors=True)
    return None


def clear(folder: Path) -> None:
    """Drops every checkpoint, so that none of an earlier beginning outlives this one."""
    with storage(folder):
        shutil.rmtree(folder / "checkpoint", ignore_errors=True)


def _folders(root: Path) -> list[Path]:
    return sorted(place for place in root.glob("[0-9]*") if place.is_dir())


def _write(place: Path, checkpoint: Checkpoint) -> None:
    # through bytes: a full disk is then the system's own error, not a text inside another
    (place / "tensors.safetensors").write_bytes(serialize(checkpoint.tensors))
    (place / "metrics.jsonl").write_bytes(checkpoint.curve)
    record = {
        "format": FORMAT,
        "step": checkpoint.step,
        "scalars": checkpoint.scalars,
        "sha256": {name: _digest(place / name) for name in ("tensors.safetensors", "metrics.jsonl")},
    }
    text = json.dumps({**record, "record_sha256": sha256(canonical(record).encode()).hexdigest()}, allow_nan=False)
    (place / "checkpoint.json").write_text(text)
    for file in place.iterdir():
        _sync(file)
    sync_folder(place)


def _read(place: Path) -> Checkpoint:
    record = json.loads((place / "checkpoint.json").read_text())
    told = record.pop("record_sha256")
    if told != sha256(canonical(record).encode()).hexdigest():
        raise ValueError("checkpoint.json does not have the digest it was written with")
    if record["format"] != FORMAT:
        raise ValueError(f"format {record['format']} is not the one read here ({FORMAT})")
    for name, digest in record["sha256"].items():
        if _digest(place / name) != digest:
            raise ValueError(f"{name} does not have the digest it was written with")
    tensors = load_file(place / "tensors.safetensors")
    return Checkpoint(record["step"], tensors, record["scalars"], (place / "metrics.jsonl").read_bytes())


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
