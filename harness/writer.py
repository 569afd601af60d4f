"""Models that write for a person: a trained run, a checkpoint's folder, or an entry that nobody has trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
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


def open_writer(name: str, ledger: Path, device: str | None = None) -> Writer:
    """The folder of a checkpoint, an entry's id, or else a run's id in a ledger.

    Raises:
        LedgerError: there is no such run, or it left no weights.
        ValueError: the folder holds no model that is known.
    """
    from catalog import Catalog
    from catalog.errors import did_you_mean
    from harness.checkpoint import open_checkpoint, open_untrained
    from harness.ledger import Ledger
    from harness.saved import load_run

    if Path(name).is_dir():
        return open_checkpoint(Path(name), device)
    entries = Catalog().sources
    if name in entries:
        return open_untrained(name, device)
    if not (ledger / "format").exists():
        near = did_you_mean(name, entries)
        hint = f"; did you mean {near}?" if near else ""
        raise ValueError(f"model: no folder and no entry is called {name!r}, and {ledger} holds no runs{hint}")
    return load_run(Ledger.open(ledger).find(name), device)


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
