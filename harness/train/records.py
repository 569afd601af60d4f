"""What is recorded of a run at its end: the result, equal whatever happened on the way, and the costs, apart."""

from __future__ import annotations

import math
import socket
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

import torch

from harness.ledger.canonical import canonical
from harness.tasks.metrics import with_metrics
from harness.tasks.task import Scored
from harness.train.build import Spec, trivial_of
from harness.train.costs import peak_memory_bytes
from harness.train.decode import with_generations
from harness.train.device import describe, memory_of
from harness.train.evaluate import mean_nats, scored
from harness.train.feed import to_device
from harness.train.kernels import observe, observe_compiled
from harness.train.verdict import has_diverged

if TYPE_CHECKING:
    from harness.train.loop import Session

Record = dict[str, Any]
NO_SCORE: Record = {"loss": None, "shown": {}, "by": {}}


def result_of(session: Session) -> Record:
    """Evaluates the run: validation in full, and the test split once when the run is for reporting."""
    reporting = session.spec["purpose"] == "reporting"
    val = test = NO_SCORE
    if session.broken_at is None:
        val = _score(session, "val", with_curve=True)
        test = _open_test(session) if reporting else NO_SCORE
    session.kept.finish(is_finite=session.broken_at is None)
    loss = math.nan if val["loss"] is None else val["loss"]
    margin = session.options.divergence_margin
    diverged = has_diverged(loss, trivial_of(session.trainer.task), margin)
    best = test if reporting else val
    return {
        "state": "diverged" if diverged else "done",
        "steps": session.options.steps if session.broken_at is None else session.broken_at,
        "broken_at": session.broken_at,
        "val": {"loss": val["loss"]},
        "test": {"loss": test["loss"]} if reporting else None,
        "shown": best["shown"],
        "by": best["by"],
        "parameters": parameters_of(session.spec),
        "initial_loss": session.initial_loss,
        **({"pretraining": session.pretrained} if session.pretrained else {}),
    }


def costs_of(session: Session) -> Record:
    """Seconds, memory, device and the kernels that ran; free to differ between two runs of one spec."""
    return {
        **session.clock.report(session.options.compile),
        "peak_memory_bytes": peak_memory_bytes(session.device),
        "device_memory": memory_of(session.device),
        "host": socket.gethostname(),
        "device": describe(session.device),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "kernels": _kernels(session),
        "kept": session.kept.record(),
        "replay_mismatches": session.curve.replay.mismatches,
    }


def parameters_of(spec: Spec) -> dict[str, int]:
    """Total, embedding and non-embedding parameters of the spec's model."""
    return dict(_parameters(canonical(spec["model"])))


@cache
def _parameters(model: str) -> dict[str, int]:
    import json

    from variants import count_parameters

    counts = count_parameters(json.loads(model))
    return {name: counts[name] for name in ("total", "embedding", "non_embedding")}


def _open_test(session: Session) -> Record:
    session.emit({"event": "test_opened", "step": session.options.steps})
    return _score(session, "test")


def _score(session: Session, split: Any, with_curve: bool = False) -> Record:
    trainer, options = session.trainer, session.options
    batches = trainer.task.evaluation(split, options.rows_per_evaluation)
    items = scored(trainer.evaluated, batches, session.device, options.precision)
    evaluated = list(_decoded(session, items) if _shows_generations(session, split) else items)
    if with_curve:
        session.note_val(options.steps, mean_nats(evaluated[: len(session.slice)]))
    if not math.isfinite(mean_nats(evaluated)):
        return NO_SCORE
    return with_metrics(trainer.task.score(evaluated), evaluated)


def _shows_generations(session: Session, split: str) -> bool:
    # rates of whole outputs are shown once per reporting run; a tuning run is chosen by its loss alone
    wanted = session.trainer.task.generation is not None and session.options.decode_examples > 0
    return wanted and split == "test"


def _decoded(session: Session, items: Iterator[Scored]) -> Iterator[Scored]:
    generation = session.trainer.task.generation
    assert generation is not None
    return with_generations(
        session.trainer.evaluated, items, generation, session.options.decode_examples, session.device
    )


def _kernels(session: Session) -> list[str]:
    trainer = session.trainer
    feed = to_device(trainer.batch(1), session.device)

    def call() -> Any:
        with trainer.autocast:
            return trainer.losses(feed.inputs, feed.targets, feed.weights)

    ran = observe_compiled(call) if session.options.compile else observe(call)
    return sorted(ran | set(trainer.model.kernels()))
