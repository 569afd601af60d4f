"""One optimizer step: batch, forward, backward, clip, update."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from harness.tasks.task import Batch, Task
from harness.train.average import Average
from harness.train.compiled import compiled
from harness.train.device import StepNoise, autocast
from harness.train.feed import Feed, parts_of, to_device, tokens_read
from harness.train.objective import weighted_nats
from harness.train.optimizer import clip_gradients, make_optimizers
from harness.train.options import TrainOptions
from harness.train.schedule import factor
from variants import Model

Losses = Callable[[dict[str, Any], Tensor, Tensor], tuple[Tensor, dict[str, Tensor]]]


class Trainer:
    """A model with its optimizer; `step` changes them, and is a function of the step's number and their state."""

    def __init__(self, model: Model, task: Task, options: TrainOptions, seed: int, device: torch.device) -> None:
        self.model, self.task, self.options, self.seed, self.device = model, task, options, seed, device
        self.parameters = [p for p in model.parameters() if p.requires_grad]
        self.optimizers = make_optimizers(model, options.optimizer, options.weight_decay, device.type)
        self.average = None if options.ema is None else Average(model, options.ema)
        self.noise = StepNoise(seed, device)
        self.autocast = autocast(device, options.precision)
        self.losses: Losses = compiled(self._losses, model.spec) if options.compile else self._losses

    @property
    def evaluated(self) -> Model:
        """The model whose losses count: the average, where there is one."""
        return self.model if self.average is None else self.average.model

    def batch(self, step: int) -> Batch:
        """The batch of a step."""
        return self.task.batch(self.seed, step, self.options.batch_size)

    def step(self, step: int) -> tuple[Tensor, float, int]:
        """Does step number `step`, from 1; returns its loss (on the device), its summed weights and tokens read."""
        self.noise(step)
        batch = self.batch(step)
        total = float(batch.weights.sum(dtype="float64"))
        parts = parts_of(batch, self.options.accumulate)
        losses = [self._backward(to_device(part, self.device), total) for part in parts]
        self._update(self.rate(step))
        if self.average is not None:
            self.average.update(step)
        return (losses[0] if len(losses) == 1 else torch.stack(losses).sum()), total, tokens_read(batch)

    def rate(self, step: int) -> float:
        """The learning rate of a step."""
        o = self.options
        return o.learning_rate * factor(o.schedule, step, o.steps, o.warmup_steps)

    def _backward(self, feed: Feed, total: float) -> Tensor:
        with self.autocast:
            nats, aux = self.losses(feed.inputs, feed.targets, feed.weights)
        loss = nats / total
        objective = loss
        for value in aux.values():
            objective = objective + value * (feed.weight / total)
        objective.backward()  # type: ignore[no-untyped-call]
        return loss.detach()

    def _losses(self, inputs: dict[str, Any], targets: Tensor, weights: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        # one function from inputs to losses, so that a compiler can join the cross entropy to the head
        out = self.model.run(**inputs)
        return weighted_nats(out.logits, targets, weights, self.options.label_smoothing), out.aux

    def _update(self, rate: float) -> None:
        if self.options.clip is not None:
            clip_gradients(self.parameters, self.options.clip)
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = rate
            optimizer.step()
        for parameter in self.parameters:
            parameter.grad = None
