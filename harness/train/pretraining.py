"""A run that starts from weights of its own making: first it is pretrained on another task."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from harness.ledger.canonical import digest, run_id
from harness.ledger.files import make_folder
from harness.tasks.task import Side
from harness.train.build import Spec, task_of
from harness.train.transfer import transfer
from harness.train.weights import save_weights

if TYPE_CHECKING:
    from harness.train.loop import Session


def start_from(session: Session) -> None:
    """Gives the run's model the weights that its `init_from` makes; a run without one stays as it is."""
    if "init_from" not in session.spec:
        return
    own = spec_of(session.spec)
    name, weights = _weights(session, own)
    old, new = (Side(spec["model"], task_of(spec).token_ids) for spec in (own, session.spec))
    fresh = transfer(session.trainer.model, weights, old, new)
    if session.trainer.average is not None:
        session.trainer.average.restart()
    session.emit({"event": "init_from", "pretrained": name, "fresh": fresh})


def spec_of(spec: Spec) -> Spec:
    """The spec of the pretraining: the task, model and training of `init_from`, at the run's own seed."""
    shared = {name: spec[name] for name in ("format", "seed", "salt", "executor") if name in spec}
    return {**shared, **spec["init_from"], "purpose": "tuning"}


def _weights(session: Session, own: Spec) -> tuple[str, dict[str, Tensor]]:
    """Name and weights of a file that runs share which differ in what follows alone; a damaged one is made anew."""
    root = session.folder if session.execution.trunks is None else Path(session.execution.trunks)
    path = root / f"{digest([run_id(own), session.execution.code])[:16]}.safetensors"
    if path.exists():
        try:
            return path.stem, load_file(path, device=str(session.device))
        except SafetensorError as error:
            session.emit({"event": "pretrained_corrupt", "file": path.name, "message": str(error)})
    make_folder(root)
    _pretrain(session, own, path)
    return path.stem, load_file(path, device=str(session.device))


def _pretrain(session: Session, own: Spec, path: Path) -> None:
    from harness.train.loop import Session as Inner

    folder = session.folder / "pretraining"
    make_folder(folder)
    inner = Inner(own, folder, lambda event: _told(session, event), replace(session.execution, keep="none"))
    inner.train(inner.begin())
    # two runs may make the same at once: each in its own folder, and the last one stays
    save_weights(inner.trainer.model, folder / path.name)
    (folder / path.name).replace(path)
    shutil.rmtree(folder)


def _told(session: Session, event: dict[str, Any]) -> None:
    if event["event"] == "progress":
        # none of the run's own steps is done, by which its time left is told; but it is at work, and has what to save
        session.emit({"event": "progress", "step": 0, "steps": session.options.steps})
        return
    session.emit({**event, "phase": "pretraining"})
