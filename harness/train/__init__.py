"""Training of one run: loop, optimizers, schedules, evaluation, exact resume and costs; the half that needs torch."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from harness.train.execution import Execution

Spec = dict[str, Any]
Emit = Callable[[dict[str, Any]], None]

__all__ = ["Emit", "Execution", "Interrupted", "Spec", "calibrate", "repeat", "run"]


class Interrupted(Exception):
    """The run was asked to stop; its checkpoint holds everything up to `step`."""

    def __init__(self, step: int) -> None:
        super().__init__(f"stopped after step {step}; run the same command again to go on")
        self.step = step


def run(spec: Spec, folder: Path, emit: Emit, execution: Execution | None = None) -> dict[str, Any]:
    """Trains the run that `spec` describes in `folder`, going on from its last sound checkpoint.

    Returns {"result": what is the same whatever happened on the way, "costs": seconds, memory, device, kernels}.
    `emit` receives one dictionary per event, named by its key "event"; those named "progress" are for the screen alone
    and hold `step`, `steps` and, where one was just read, `train_loss` or `val_loss` in nats per target.

    Raises:
        CatalogError: a setting of `train` is wrong.
        ValueError: the device is not here, or the data is not the one that the spec was made for.
        Interrupted: `execution.stop` answered true.
    """
    from harness.train.loop import run_spec

    return run_spec(spec, folder, emit, execution or Execution())


def repeat(
    spec: Spec, until: int | None, execution: Execution | None = None
) -> tuple[list[dict[str, Any]], dict[str, Any] | None]:
    """The learning curve up to step `until` of a run that is trained anew; where that is None, all and its result."""
    from harness.train import loop

    return loop.repeat(spec, until, execution or Execution())


def calibrate(specs: Sequence[Spec], execution: Execution | None = None) -> list[list[float]]:
    """Seconds per training step of each of `specs` on this machine, in several rounds that take them in turn."""
    from harness.train.calibration import seconds_per_step

    return seconds_per_step(specs, execution or Execution())
