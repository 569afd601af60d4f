"""What a checkpoint holds of a run, and how a run is put back to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor

from harness.train.checkpoint import Checkpoint
from harness.train.optimizer_state import put_state, state_tensors
from harness.train.weights import put_tensors, tensors_of

if TYPE_CHECKING:
    from harness.train.loop import Session


def snapshot(session: Session, step: int) -> Checkpoint:
    """The run as it stands after `step`; its random numbers are functions of the step, so none are kept."""
    trainer = session.trainer
    model = trainer.model
    tensors: dict[str, Tensor] = {f"model/{n}": t for n, t in tensors_of(model).items()}
    tensors |= {f"optimizer/{n}": t for n, t in state_tensors(trainer.optimizers, model).items()}
    if trainer.average is not None:
        tensors |= {f"average/{n}": t for n, t in tensors_of(trainer.average.model).items()}
    tensors["losses"] = session.losses.tensor()
    scalars = {
        "code": session.execution.code,
        "weights": session.losses.weights,
        "clock": session.clock.state(),
        "initial_loss": session.initial_loss,
        "pretrained": session.pretrained,
        "kept": session.kept.state(),
        "probe": session.probe(),
    }
    on_cpu = {name: tensor.cpu().contiguous() for name, tensor in tensors.items()}
    return Checkpoint(step, on_cpu, scalars, session.curve.read())


def put_back(session: Session, saved: Checkpoint) -> None:
    """Makes a run that was just built the one that was saved."""
    trainer = session.trainer
    put_tensors(trainer.model, _under("model", saved))
    put_state(trainer.optimizers, trainer.model, _under("optimizer", saved))
    if trainer.average is not None:
        put_tensors(trainer.average.model, _under("average", saved))
    session.losses.restore(saved.tensors["losses"].to(session.device), saved.scalars["weights"])
    session.clock.restore(saved.scalars["clock"])
    session.initial_loss = saved.scalars["initial_loss"]
    session.pretrained = saved.scalars["pretrained"]
    session.kept.restore(saved.scalars["kept"], saved.step)
    session.curve.restore(saved.curve)
    if (found := session.probe()) != saved.scalars["probe"]:
        recorded, replayed = ({"step": saved.step, "val_loss": loss} for loss in (saved.scalars["probe"], found))
        session.curve.mismatch(recorded, replayed)


def _under(prefix: str, saved: Checkpoint) -> dict[str, Tensor]:
    start = len(prefix) + 1
    return {name[start:]: tensor for name, tensor in saved.tensors.items() if name.startswith(f"{prefix}/")}
