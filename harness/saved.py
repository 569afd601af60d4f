"""A trained run as a model again: its task, its spec and its weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from safetensors import SafetensorError

from harness.ledger import LedgerError, Run
from harness.ledger.canonical import Json
from harness.tasks.task import Task
from harness.tasks.writing import Writing
from harness.train.build import task_of
from harness.train.device import choose_device
from harness.train.weights import load_weights
from harness.writer import Limits, Request, Written, new_tokens, room_after
from variants import Model, build_model


@dataclass(frozen=True)
class Saved:
    """A run that left its weights; `write` lets its model go on from a text, or answer a source."""

    spec: Json
    task: Task
    model: Model
    warning: str | None = None

    @property
    def takes(self) -> Literal["prompt", "source"]:
        return "source" if self.task.generation else "prompt"

    def write(self, request: Request) -> Written:
        """What the model writes; at most `tokens`, or as many as its context holds.

        Raises:
            ValueError: this task's models write nothing, the text does not fit, or a stop is no symbol of the task's.
        """
        import torch

        if not isinstance(self.task, Writing):
            kind = self.spec["task"]["kind"]
            raise ValueError(f"run: models of the task {kind} write no text; take a run of one that does")
        device = next(self.model.parameters()).device
        inputs = {name: torch.as_tensor(ids, device=device) for name, ids in self.task.prompt(request.text).items()}
        stops = [self.task.stop(symbol) for symbol in request.stops]
        if ends := self.task.generation:
            limits = Limits(ends.max_new_tokens, ends.bos, [ends.eos, *stops])
        else:
            limits = Limits(room_after(self.model, inputs["tokens"].shape[1]), None, stops)
        made = new_tokens(self.model, inputs, request, limits)
        text = self.task.text_of(made)
        return Written(text, made, text if ends else request.text + text)


def load_run(run: Run, device: str | None = None) -> Saved:
    """The model that a run trained.

    Raises:
        LedgerError: the run left no weights, or they are damaged.
    """
    spec, path = run.spec(), run.folder / "model.safetensors"
    if not path.exists():
        why = "a tuning run keeps none" if spec["purpose"] == "tuning" else f"it is {run.status().state}"
        raise LedgerError(f"run: {run.id} left no weights ({why}); take a reporting run that is done")
    model = build_model(spec["model"], seed=spec["seed"], salt=spec["salt"], device=str(choose_device(device)))
    try:
        load_weights(model, path)
    except SafetensorError as error:
        remedy = f"`bestiary runs rm {run.id}` and the sweep's command make it anew"
        raise LedgerError(f"run: {path} is damaged ({error}); {remedy}") from error
    return Saved(spec, task_of(spec).for_model(spec["model"]), model.eval())
