"""The learning curve of a run: mean training losses between lines, validation losses on the way."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from harness.ledger.files import append_line, write_text
from harness.train.replay import Replay


class Losses:
    """Training losses since the last line, left on the device until they are read."""

    def __init__(self) -> None:
        self.values: list[Tensor] = []
        self.weights: list[float] = []

    def add(self, loss: Tensor, weight: float) -> None:
        """Notes one step's loss and its summed weights."""
        self.values.append(loss)
        self.weights.append(weight)

    def tensor(self) -> Tensor:
        """The losses as one tensor."""
        return torch.stack(self.values) if self.values else torch.zeros(0)

    def take(self) -> list[float]:
        """Reads the losses (a wait for the device) and forgets them."""
        values = self.tensor().tolist()
        self.values = []
        return values

    def restore(self, values: Tensor, weights: list[float]) -> None:
        """Goes on from a checkpoint."""
        self.values, self.weights = list(values.unbind()), list(weights)

    def mean(self) -> tuple[float, int | None]:
        """The token-weighted mean since the last line, and how many steps ago a loss was first not finite.

        Forgets what it has read.
        """
        values, weights = self.take(), self.weights
        self.weights = []
        bad = next((i for i, value in enumerate(values) if not math.isfinite(value)), None)
        mean = sum(v * w for v, w in zip(values, weights, strict=True)) / sum(weights)
        return mean, None if bad is None else len(values) - 1 - bad


class Curve:
    """The file `metrics.jsonl`: equal bytes whatever happened on the way."""

    def __init__(self, folder: Path, tell: Callable[[dict[str, Any]], None]) -> None:
        self.path, self.tell = folder / "metrics.jsonl", tell
        self.replay = Replay(b"", b"")

    def train(self, step: int, loss: float, rate: float) -> None:
        """A line of training loss, nats per target token."""
        self._add({"step": step, "train_loss": loss, "learning_rate": rate})

    def val(self, step: int, loss: float) -> None:
        """A line of validation loss on the fixed slice."""
        self._add({"step": step, "val_loss": loss})

    def clear(self) -> None:
        """Starts over."""
        self.path.unlink(missing_ok=True)

    def restore(self, saved: bytes) -> None:
        """Goes back to a checkpoint's lines; those behind it are kept in mind, to be compared with what comes."""
        self.replay = Replay(self.read(), saved)
        write_text(self.path, saved.decode())

    def _add(self, line: dict[str, Any]) -> None:
        append_line(self.path, line)
        was = self.replay.compare(line)
        if was is not None:
            self.mismatch(was, line)

    def mismatch(self, recorded: dict[str, Any], replayed: dict[str, Any]) -> None:
        """Tells that a restored run does not do again what it did."""
        self.replay.mismatches += 1
        self.tell({"event": "replay_mismatch", "recorded": recorded, "replayed": replayed})

    def read(self) -> bytes:
        """The file as it is; empty while there is none."""
        return self.path.read_bytes() if self.path.exists() else b""
