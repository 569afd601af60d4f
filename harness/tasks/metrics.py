"""Metrics of a user's own: numbers shown of every run beside those of its task, from the evaluated batches."""

from collections.abc import Callable, Sequence
from typing import Any

from harness.tasks.task import Scored

Metric = Callable[[Sequence[Scored]], float]


class Metrics:
    """The metrics in use, by name."""

    def __init__(self) -> None:
        self.kinds: dict[str, Metric] = {}

    def register(self, name: str) -> Callable[[Metric], Metric]:
        """Registers a function from evaluated batches to a number; claims are made on the loss alone, never on it."""

        def decorate(metric: Metric) -> Metric:
            known = self.kinds.get(name)
            if known is not None and known.__qualname__ != metric.__qualname__:
                raise ValueError(f"the metric {name!r} is taken; register {metric.__qualname__} under another name")
            self.kinds[name] = metric
            return metric

        return decorate


METRIC = Metrics()


def with_metrics(told: dict[str, Any], scored: Sequence[Scored]) -> dict[str, Any]:
    """What a task says of its evaluation, with the user's metrics among what is shown.

    Raises:
        ValueError: a metric has the name of one that the task shows itself.
    """
    own = {name: float(metric(scored)) for name, metric in METRIC.kinds.items()}
    taken = sorted(own.keys() & told["shown"].keys())
    if taken:
        raise ValueError(f"metric {taken[0]!r}: the task shows one of this name itself; register it under another")
    return {**told, "shown": {**told["shown"], **own}}
