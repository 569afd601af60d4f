"""A run that starts from weights of its own making: first it is pretrained on another task, at its best rate."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from torch import Tensor

from harness.ledger.canonical import digest, run_id
from harness.ledger.errors import Busy
from harness.ledger.files import make_folder
from harness.ledger.lock import Lock
from harness.tasks.task import Side
from harness.train.build import Spec, task_of
from harness.train.checkpoint import Checkpoint, clear, load_latest, save
from harness.train.transfer import transfer
from harness.train.weights import tensors_of

if TYPE_CHECKING:
    from harness.train.loop import Session

SECONDS_UNTIL_ASKED_AGAIN = 0.5
Record = dict[str, Any]
T = TypeVar("T")


def start_from(session: Session) -> Record | None:
    """Gives the run's model the weights that its `init_from` makes; returns their rate and loss, and what was tried.

    The loss is None where this pretraining itself diverged. A run without `init_from` stays as it is.
    """
    if "init_from" not in session.spec:
        return None
    told = _tuned(session)
    own = spec_of(session.spec, told["learning_rate"])
    (made,) = _made(session, [own], lambda end: end)
    weights = {name: tensor.to(session.device) for name, tensor in made.tensors.items()}
    old, new = (Side(spec["model"], task_of(spec).token_ids) for spec in (own, session.spec))
    fresh = transfer(session.trainer.model, weights, old, new)
    if session.trainer.average is not None:
        session.trainer.average.restart()
    told["loss"] = made.scalars["loss"]
    known = {"learning_rate": told["learning_rate"], "loss": told["loss"], "fresh": fresh}
    session.emit({"event": "init_from", "pretrained": _name(session, own), **known})
    return told


def spec_of(spec: Spec, rate: float, seed: int | None = None) -> Spec:
    """The spec of the pretraining at a rate: at the run's own seed and salt, or at the tuning seed that is given."""
    start = spec["init_from"]
    kept = ("format", "executor", *(("seed", "salt") if seed is None else ()))
    shared = {name: spec[name] for name in kept if name in spec}
    task = {name: start[name] for name in ("task", "data", "model")}
    train = {**start["train"], "learning_rate": rate}
    return {"seed": seed, "salt": "", **shared, **task, "train": train, "purpose": "tuning"}


def _tuned(session: Session) -> Record:
    """The rate of the lowest mean validation loss over the tuning seeds, the smallest of equal ones, and the curve."""
    start = session.spec["init_from"]
    rates, seeds = sorted(set(start["learning_rates"])), start["tuning_seeds"]
    wanted = [spec_of(session.spec, rate, seed) for rate in rates for seed in seeds]
    losses = _made(session, wanted, _loss)
    means = [math.fsum(losses[i : i + len(seeds)]) / len(seeds) for i in range(0, len(losses), len(seeds))]
    curve = [
        {"learning_rate": rate, "loss": mean if math.isfinite(mean) else None}
        for rate, mean in zip(rates, means, strict=True)
    ]
    best = min(curve, key=lambda point: math.inf if point["loss"] is None else point["loss"])
    return {"learning_rate": best["learning_rate"], "curve": curve}


def _loss(end: Checkpoint) -> float:
    loss: float | None = end.scalars["loss"]
    return math.nan if loss is None else loss


def _made(session: Session, wanted: list[Spec], take: Callable[[Checkpoint], T]) -> list[T]:
    """What is taken of the ends of pretrainings, each made once for all runs, and one of them held at a time.

    What another process makes at the moment comes last.
    """
    found: dict[int, T] = {}
    while len(found) < len(wanted):
        before = len(found)
        for place, own in enumerate(wanted):
            if place not in found and (end := _end(session, own)) is not None:
                found[place] = take(end)
        if len(found) == before:
            _wait(session)
    return [found[place] for place in range(len(wanted))]


def _end(session: Session, own: Spec) -> Checkpoint | None:
    """The end of one pretraining, made here where it is missing or damaged; None while another process makes it."""
    folder = _root(session) / _name(session, own)
    make_folder(folder)
    try:
        with Lock(folder / "lock", f"pretraining {folder.name}"):
            return load_latest(folder / "end", lambda why: _damaged(session, why)) or _pretrain(session, own, folder)
    except Busy:
        return None


def _pretrain(session: Session, own: Spec, folder: Path) -> Checkpoint:
    from harness.train import Interrupted
    from harness.train.loop import Session as Inner

    inner = Inner(own, folder, lambda event: _told(session, event), replace(session.execution, keep="none"))
    try:
        inner.train(inner.begin())
        result = inner.finish()["result"]
    except Interrupted:
        raise Interrupted(0) from None  # the steps that are done and saved are not the run's own
    except Exception as error:
        error.add_note(f"in pretraining {folder.name}, on {own['task']['kind']}")
        raise
    session.clock.pretraining += inner.clock.wall
    loss = result["val"]["loss"] if result["state"] == "done" else None
    end = Checkpoint(inner.options.steps, _weights(inner), {"loss": loss}, inner.curve.read())
    save(folder / "end", end)
    clear(folder)
    return end


def _damaged(session: Session, why: str) -> None:
    session.emit({"event": "pretrained_corrupt", "message": why})


def _weights(inner: Session) -> dict[str, Tensor]:
    return {name: tensor.cpu().contiguous() for name, tensor in tensors_of(inner.trainer.evaluated).items()}


def _root(session: Session) -> Path:
    shared = session.execution.trunks
    return session.folder / "pretraining" if shared is None else Path(shared)


def _name(session: Session, own: Spec) -> str:
    return digest([run_id(own), session.execution.code])[:16]


def _wait(session: Session) -> None:
    from harness.train import Interrupted

    if session.execution.stop is not None and session.execution.stop():
        raise Interrupted(0)
    _told(session, {"event": "progress"})
    time.sleep(SECONDS_UNTIL_ASKED_AGAIN)


def _told(session: Session, event: Record) -> None:
    if event["event"] == "progress":
        # none of the run's own steps is done, by which its time left is told; but it is at work, and has what to save
        session.emit({"event": "progress", "step": 0, "steps": session.options.steps})
        return
    session.emit({**event, "phase": "pretraining"})
