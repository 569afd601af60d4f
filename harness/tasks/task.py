"""The contract of a task: batches as pure functions, targets with weights, trivial rows, scores."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

Spec = dict[str, Any]
Split = Literal["val", "test"]
Array = npt.NDArray[Any]
Trivial = dict[str, dict[str, float]]


@dataclass(frozen=True)
class Batch:
    """One batch: `inputs` named as the model's arguments; `targets` (B, T) or (B,); a weight of 0 is not scored.

    `groups` holds what errors are broken down by, each (B,) or of the shape of `targets`; `references` (B, R, L) holds
    every right answer of a task that generates, without its end, padded with 0.
    """

    inputs: dict[str, Array]
    targets: npt.NDArray[np.int64]
    weights: npt.NDArray[np.float32]
    groups: dict[str, Array] = field(default_factory=dict)
    references: npt.NDArray[np.int64] | None = None


@dataclass(frozen=True)
class Generation:
    """How the trainer decodes greedily for a task: start with `bos`, stop at `eos` or after `max_new_tokens`."""

    bos: int
    eos: int
    max_new_tokens: int


@dataclass(frozen=True)
class Scored:
    """An evaluated batch: `nats` and `predicted` (the likeliest class) have the shape of its targets.

    `generated` (B, L) holds greedy generations after `bos`, `eos` included, anything behind it ignored.
    """

    batch: Batch
    nats: npt.NDArray[np.float64]
    predicted: npt.NDArray[np.int64]
    generated: npt.NDArray[np.int64] | None = None


@dataclass(frozen=True)
class TokenIds:
    """What a task's ids mean: `count` ids from `first` on, under a name that is equal for equal tokens."""

    meaning: str
    first: int
    count: int


@dataclass(frozen=True)
class Side:
    """A model's spec, and what the ids of its task's tokens mean: one side of a passing on of weights."""

    spec: Spec
    ids: TokenIds | None


class Task(ABC):
    """Numbers in, numbers out: a task holds no state that a call can change, and draws from no global generator.

    `token_ids` let weights pass from one task to another.
    """

    kind: ClassVar[str]
    metric: str
    stacks: ClassVar[frozenset[str]]
    generation: Generation | None = None
    token_ids: TokenIds | None = None

    @cached_property
    def notes(self) -> tuple[str, ...]:
        """What a person should know of the data: sizes of the splits of their own, what was dropped or cut, leaks."""
        return ()

    @abstractmethod
    def adapt(self, spec: Spec) -> Spec:
        """The resolved spec with this task's vocabulary, context length and head.

        Raises:
            ValueError: the spec's stack has no exact loss on this task.
        """

    def for_model(self, spec: Spec) -> "Task":
        """This task with inputs as the stack of `spec` reads them; the same object unless stacks read differently."""
        return self

    @abstractmethod
    def batch(self, seed: int, step: int, batch_size: int) -> Batch:
        """The training batch of one step."""

    @abstractmethod
    def evaluation(self, split: Split, batch_size: int) -> Iterator[Batch]:
        """The whole evaluation set of a split in a fixed order; batch size only cuts it differently."""

    @abstractmethod
    def trivial(self) -> Trivial:
        """Nats per target token of rows without a model, from training counts: {"unigram": {"val": …, "test": …}}."""

    @abstractmethod
    def score(self, scored: Iterable[Scored]) -> dict[str, Any]:
        """{"loss": nats per target token, "shown": {name: value}, "by": {group: [{bucket, loss, count}]}}."""

    @abstractmethod
    def digest(self) -> str:
        """sha256 over the data used and the options that encode it."""
