"""The weights that a run leaves behind, by the rule of its execution: none, the best, or the last."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.ledger.errors import storage
from harness.train.weights import save_weights

if TYPE_CHECKING:
    from harness.train.loop import Session


class Kept:
    """The file `model.safetensors` of a run, and what it holds.

    `best` is the lowest validation loss on the slice and its step. Where the weights before some step were not kept
    here, since the run was begun under another rule or on a trunk, the best is that of the steps after it: `since`.
    """

    def __init__(self, session: Session) -> None:
        self.session, self.path = session, session.folder / "model.safetensors"
        self.rule = session.execution.keep if session.spec["purpose"] == "reporting" else "none"
        self.best: tuple[float, int] | None = None
        self.since = 0

    def clear(self) -> None:
        """Drop what an earlier beginning left."""
        with storage(self.path):
            self.path.unlink(missing_ok=True)

    def see(self, step: int, loss: float) -> None:
        """Keep the weights of `step` where they are the best so far and the best is wanted."""
        if self.rule == "best" and step > 0 and (self.best is None or loss < self.best[0]):
            self.best = (loss, step)
            save_weights(self.session.trainer.evaluated, self.path)

    def finish(self, is_finite: bool) -> None:
        """Leave what the rule says, and nothing of another rule's."""
        if self.rule == "last" and is_finite:
            save_weights(self.session.trainer.evaluated, self.path)
        elif self.rule != "best" or self.best is None:
            self.clear()

    def state(self) -> dict[str, Any]:
        """What a checkpoint holds of it."""
        return {"rule": self.rule, "best": self.best, "since": self.since}

    def restore(self, saved: dict[str, Any], step: int) -> None:
        """Go on from a checkpoint of `step`; weights that were not kept here cannot be had any more."""
        if self.rule != "best":
            return
        if saved["rule"] == self.rule and (saved["best"] is None or self.path.exists()):
            self.best, self.since = saved["best"], saved["since"]
            return
        self.since = step
        self.session.emit({"event": "best_since", "step": step})

    def record(self) -> dict[str, Any] | None:
        """The step whose weights were left behind and by which rule; `since` where earlier ones did not count."""
        if not self.path.exists():
            return None
        step = self.best[1] if self.rule == "best" and self.best else self.session.options.steps
        late = {"since": self.since} if self.rule == "best" and self.since else {}
        return {"rule": self.rule, "step": step, **late}
