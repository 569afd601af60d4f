"""A trained run as a model again: its task, its spec and its weights."""

from __future__ import annotations

from dataclasses import dataclass

from harness.ledger import LedgerError, Run
from harness.ledger.canonical import Json
from harness.tasks.task import Task
from harness.tasks.writing import Writing
from harness.train.build import task_of
from harness.train.device import choose_device
from harness.train.weights import load_weights
from variants import Model, Sampling, build_model, generate


@dataclass(frozen=True)
class Saved:
    """A run that left its weights; `write` lets its model go on from a text, or answer a source."""

    spec: Json
    task: Task
    model: Model

    def write(self, text: str, tokens: int | None = None, sampling: Sampling | None = None) -> str:
        """What the model writes; at most `tokens`, or as many as its context holds.

        Raises:
            ValueError: this task's models write nothing, or the text does not fit.
        """
        import torch

        if not isinstance(self.task, Writing):
            kind = self.spec["task"]["kind"]
            raise ValueError(f"run: models of the task {kind} write no text; take a run of one that does")
        device = next(self.model.parameters()).device
        inputs = {name: torch.as_tensor(ids, device=device) for name, ids in self.task.prompt(text).items()}
        ends = self.task.generation
        room = ends.max_new_tokens if ends else self.spec["model"]["context_length"] - inputs["tokens"].shape[1]
        if room < 1:
            longest = self.spec["model"]["context_length"] - 1
            raise ValueError(f"prompt: takes {inputs['tokens'].shape[1]} tokens; allowed: at most {longest}")
        made = generate(
            self.model,
            **inputs,
            max_new_tokens=min(tokens or room, room),
            bos=ends.bos if ends else None,
            eos=ends.eos if ends else None,
            sampling=sampling or Sampling(),
        )
        return self.task.text_of(made[0].tolist())


def load_run(run: Run, device: str | None = None) -> Saved:
    """The model that a run trained.

    Raises:
        LedgerError: the run left no weights.
    """
    spec, path = run.spec(), run.folder / "model.safetensors"
    if not path.exists():
        why = "a tuning run keeps none" if spec["purpose"] == "tuning" else f"it is {run.status().state}"
        raise LedgerError(f"run: {run.id} left no weights ({why}); take a reporting run that is done")
    model = build_model(spec["model"], seed=spec["seed"], salt=spec["salt"], device=str(choose_device(device)))
    load_weights(model, path)
    return Saved(spec, task_of(spec).for_model(spec["model"]), model.eval())
