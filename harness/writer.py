"""What is asked of a model that writes for a person, what it gives, and how its tokens are made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from torch import Tensor

    from variants import Beam, Model, Sampling


def _greedy() -> Sampling:
    from variants import Sampling

    return Sampling()


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is asked: at most `tokens` new ones, or what fits; each of `stops` ends the text and is left out of it."""

    text: str
    tokens: int | None = None
    stops: Sequence[str] = ()
    sampling: Sampling | Beam = field(default_factory=_greedy)


@dataclass(frozen=True)
class Written:
    """What a model wrote: the text, the ids of its tokens, and the text with the prompt that it goes on from."""

    text: str
    tokens: list[int]
    whole: str


class Writer(Protocol):
    """A model that a text can be given to: one to go on from (`prompt`), or one to answer (`source`).

    `warning` tells what a reader must know of what it writes.
    """

    @property
    def takes(self) -> Literal["prompt", "source"]: ...

    @property
    def warning(self) -> str | None: ...

    def write(self, request: Request) -> Written:
        """Raises ValueError where the text does not fit, or a stop is no token of this model's."""


@dataclass(frozen=True)
class Limits:
    """Where an answer starts and ends: the ids of its first token and of its stops, and its longest length."""

    room: int
    bos: int | None = None
    stops: Sequence[int] = ()


def new_tokens(model: Model, inputs: dict[str, Tensor], request: Request, limits: Limits) -> list[int]:
    """The ids that the model writes after one row of inputs, up to the first stop and without it."""
    from variants import generate

    made = generate(
        model,
        **inputs,
        max_new_tokens=min(request.tokens or limits.room, limits.room),
        bos=limits.bos,
        eos=limits.stops,
        sampling=request.sampling,
    )[0].tolist()
    end = next((place for place, token in enumerate(made) if token in limits.stops), len(made))
    return made[:end]


def room_after(model: Model, tokens: int) -> int:
    """How many new tokens fit after a prompt.

    Raises:
        ValueError: none does.
    """
    room: int = model.spec["context_length"] - tokens
    if room < 1:
        raise ValueError(f"prompt: takes {tokens} tokens; allowed: at most {model.spec['context_length'] - 1}")
    return room
