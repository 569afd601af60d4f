"""Language modelling: the next token of running text, split by whole plays or documents."""

import math
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from typing import Any, Literal

import numpy as np

from catalog.types import Count
from harness.tasks.counts import bigram_nats, unigram_nats
from harness.tasks.heads import lm_head
from harness.tasks.objectives.windows import Ints, Windows
from harness.tasks.registry import TASK
from harness.tasks.stack import require_stack
from harness.tasks.tally import accuracy, by_group, even_ranges, per_byte, token_mean
from harness.tasks.task import Array, Batch, Scored, Spec, Split, Task, Trivial
from harness.tasks.vocabulary import N_SPECIAL


@TASK.register("language_modelling", context_length=16, evaluation_tokens=512)
class LanguageModelling(Task):
    """Predict each next token of a text; evaluated on fixed windows that do not overlap.

    `data` is an embedded text or a user's own: a UTF-8 file, documents in a .jsonl file, or hf:OWNER/NAME; `unit` is
    what one token is: a byte, a character of the training text, or a piece of a word (`bpe`); `vocabulary_size` counts
    the pieces (2044 unless given); `context_length` counts the tokens of a window; `evaluation_tokens` bounds the
    targets per split, whose windows are spread over all of it. Bits per byte compare units.

    Raises:
        ValueError: the data cannot be read, or is too small for the context.
    """

    stacks = frozenset({"decoder"})

    def __init__(
        self,
        *,
        data: str = "shakespeare",
        unit: Literal["byte", "character", "bpe"] = "byte",
        vocabulary_size: Count | None = None,
        context_length: Count = 64,
        evaluation_tokens: Count = 32_768,
    ) -> None:
        self.context_length = context_length
        self.evaluation_tokens = evaluation_tokens
        # no id is special here, so those of the unit are counted from its first
        size = None if vocabulary_size is None else vocabulary_size + N_SPECIAL
        self.windows = Windows(data, unit, size, context_length + 1, context_length, evaluation_tokens)
        self.unit, self.notes = self.windows.unit, self.windows.notes
        self.token_ids = self.unit.ids(first=0)
        self.vocab_size = self.unit.vocab_size - N_SPECIAL
        self.metric = f"nats per {self.unit.said}"

    def adapt(self, spec: Spec) -> Spec:
        require_stack(self.kind, spec, self.stacks)
        sizes = {"vocab_size": self.vocab_size, "context_length": self.context_length}
        return {**spec, **sizes, "head": lm_head(spec)}

    def batch(self, seed: int, step: int, batch_size: int) -> Batch:
        return self._batch(self.windows.drawn(seed, step, batch_size))

    def evaluation(self, split: Split, batch_size: int) -> Iterator[Batch]:
        for _, ids in self.windows.held_out(split, batch_size):
            yield self._batch(ids)

    def trivial(self) -> Trivial:
        train = self.windows.train - N_SPECIAL
        one = unigram_nats(train, self.vocab_size)
        rows: Trivial = {"unigram": {}, "bigram": {}}
        for split in ("val", "test"):
            batches = list(self.evaluation(split, 1024))
            inputs = np.concatenate([b.inputs["tokens"].ravel() for b in batches])
            targets = np.concatenate([b.targets.ravel() for b in batches])
            rows["unigram"][split] = float(one[targets].mean())
            two = bigram_nats((train[:-1], train[1:]), (inputs, targets), self.vocab_size)
            rows["bigram"][split] = float(two.mean())
        return rows

    def score(self, scored: Iterable[Scored]) -> dict[str, Any]:
        rows = list(scored)
        shown = {"bits_per_byte": per_byte(rows) / math.log(2), "accuracy": accuracy(rows)}
        width = max(1, self.context_length // 8)
        return {
            "loss": token_mean(rows),
            "shown": shown,
            "by": {"position": by_group(rows, "position", even_ranges(self.context_length, width))},
        }

    def digest(self) -> str:
        options = f"language_modelling/{self.unit.key}/{self.context_length}/{self.evaluation_tokens}"
        return sha256(f"{self.windows.digest}/{options}".encode()).hexdigest()

    def prompt(self, text: str) -> dict[str, Array]:
        if not text:
            raise ValueError("prompt: is empty; give at least one letter to go on from")
        return {"tokens": np.array([self.unit.encode(text)]) - N_SPECIAL}

    def text_of(self, ids: Sequence[int]) -> str:
        return self.unit.decode([i + N_SPECIAL for i in ids])

    def stop(self, symbol: str) -> int:
        ids = self.unit.encode(symbol)
        if len(ids) != 1:
            raise ValueError(f"stop: must be one {self.unit.said}, such as a full stop or a new line (got {symbol!r})")
        return ids[0] - N_SPECIAL

    def _batch(self, ids: Ints) -> Batch:
        targets = np.ascontiguousarray(ids[:, 1:]) - N_SPECIAL
        position = np.broadcast_to(np.arange(1, self.context_length + 1), targets.shape)
        return Batch(
            inputs={"tokens": np.ascontiguousarray(ids[:, :-1]) - N_SPECIAL},
            targets=targets,
            weights=np.ones(targets.shape, dtype=np.float32),
            groups={"position": position, "bytes": self.unit.byte_lengths[ids[:, 1:]]},
        )
