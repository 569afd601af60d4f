"""Language modelling: the next byte of running text, split by whole plays or documents."""

import math
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from hashlib import sha256
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from catalog.types import Count
from harness.datasets.order import draws, epoch_order, integers
from harness.datasets.text import load_text
from harness.tasks.counts import bigram_nats, unigram_nats
from harness.tasks.heads import lm_head
from harness.tasks.registry import TASK
from harness.tasks.stack import require_stack
from harness.tasks.tally import accuracy, by_group, even_ranges, token_mean
from harness.tasks.task import Array, Batch, Scored, Spec, Split, Task, Trivial

BYTES = 256


@TASK.register("language_modelling", context_length=16, evaluation_tokens=512)
class LanguageModelling(Task):
    """Predict each next byte of a text; evaluated on fixed windows that do not overlap.

    `data` is an embedded text or the path of a UTF-8 file; `unit` is what one token is; `context_length` counts the
    tokens of a window; `evaluation_tokens` bounds the targets per split, whose windows are spread over all of it.

    Raises:
        ValueError: the data cannot be read, or is too small for the context.
    """

    metric = "nats per byte"
    stacks = frozenset({"decoder"})

    def __init__(
        self,
        *,
        data: str = "shakespeare",
        unit: Literal["byte"] = "byte",
        context_length: Count = 64,
        evaluation_tokens: Count = 32_768,
    ) -> None:
        self.unit = unit
        self.context_length = context_length
        self.evaluation_tokens = evaluation_tokens
        self._text = load_text(data, context_length)
        self._train = self._tokens("train")
        self._bytes = cache(self._tokens)

    def adapt(self, spec: Spec) -> Spec:
        require_stack(self.kind, spec, self.stacks)
        sizes = {"vocab_size": BYTES, "context_length": self.context_length}
        return {**spec, **sizes, "head": lm_head(spec)}

    def batch(self, seed: int, step: int, batch_size: int) -> Batch:
        starts = integers(draws(batch_size, seed, "train", step), len(self._train) - self.context_length)
        return self._windows(self._train, starts)

    def evaluation(self, split: Split, batch_size: int) -> Iterator[Batch]:
        tokens, starts = self._bytes(split), self._starts(split)
        for first in range(0, len(starts), batch_size):
            yield self._windows(tokens, starts[first : first + batch_size])

    def trivial(self) -> Trivial:
        one = unigram_nats(self._train, BYTES)
        two = bigram_nats(self._train[:-1], self._train[1:], BYTES)
        rows: Trivial = {"unigram": {}, "bigram": {}}
        for split in ("val", "test"):
            batches = list(self.evaluation(split, 1024))
            inputs = np.concatenate([b.inputs["tokens"].ravel() for b in batches])
            targets = np.concatenate([b.targets.ravel() for b in batches])
            rows["unigram"][split] = float(one[targets].mean())
            rows["bigram"][split] = float(two[inputs, targets].mean())
        return rows

    def score(self, scored: Iterable[Scored]) -> dict[str, Any]:
        rows = list(scored)
        loss = token_mean(rows)
        shown = {"bits_per_byte": loss / math.log(2), "accuracy": accuracy(rows)}
        width = max(1, self.context_length // 8)
        return {
            "loss": loss,
            "shown": shown,
            "by": {"position": by_group(rows, "position", even_ranges(self.context_length, width))},
        }

    def digest(self) -> str:
        options = f"language_modelling/{self.unit}/{self.context_length}/{self.evaluation_tokens}"
        return sha256(f"{self._text.digest}/{options}".encode()).hexdigest()

    def prompt(self, text: str) -> dict[str, Array]:
        if not text:
            raise ValueError("prompt: is empty; give at least one letter to go on from")
        return {"tokens": np.frombuffer(text.encode(), np.uint8).astype(np.int64)[None]}

    def text_of(self, ids: Sequence[int]) -> str:
        return bytes(ids).decode("utf-8", errors="replace")

    def stop(self, symbol: str) -> int:
        if len(symbol.encode()) != 1:
            raise ValueError(f"stop: must be one byte, such as a full stop or a new line (got {symbol!r})")
        return symbol.encode()[0]

    def _tokens(self, split: str) -> npt.NDArray[np.int64]:
        return self._text.bytes_of(split).astype(np.int64)

    def _starts(self, split: str) -> npt.NDArray[np.int64]:
        fit = (len(self._bytes(split)) - 1) // self.context_length
        wanted = max(1, min(fit, self.evaluation_tokens // self.context_length))
        spread = (np.arange(wanted) * fit // wanted) * self.context_length
        # shuffled, so that a first part of the evaluation stands for all of it
        return spread[epoch_order(wanted, 0, split)]

    def _windows(self, tokens: npt.NDArray[np.int64], starts: npt.NDArray[np.int64]) -> Batch:
        places = starts[:, None] + np.arange(self.context_length + 1)
        window = tokens[places]
        targets = np.ascontiguousarray(window[:, 1:])
        position = np.broadcast_to(np.arange(1, self.context_length + 1), targets.shape)
        return Batch(
            inputs={"tokens": np.ascontiguousarray(window[:, :-1])},
            targets=targets,
            weights=np.ones(targets.shape, dtype=np.float32),
            groups={"position": position},
        )
