"""What a check looks at: a tiny model with random weights in float64, and inputs for it."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from variants.builder import Model, build_model
from variants.context import Output
from variants.initialise import named_tensors
from variants.parts import Spec

LENGTH, SOURCE_LENGTH = 11, 7
GLOBAL = 0.25  # of all tokens, in models that know global ones
SEEN = 1e-10  # a change above this is an effect; float64 rounding stays below

Inputs = dict[str, Tensor]
PER_TOKEN = ("tokens", "segments")  # inputs that have a column for each slot of the tokens


@dataclass(frozen=True)
class Subject:
    """A shrunk spec and its model; weights are random, since true first values hide zero-initialised branches."""

    spec: Spec
    model: Model
    device: torch.device

    @classmethod
    def of(cls, spec: Spec, device: str = "cpu") -> Subject:
        return cls.around(spec, build_model(spec), device)

    @classmethod
    def around(cls, spec: Spec, model: Model, device: str = "cpu") -> Subject:
        """A subject of a model that is built; its weights are overwritten."""
        randomise(model)
        return cls(spec, model.double().eval().to(device), torch.device(device))

    @property
    def decodes(self) -> bool:
        """Whether tokens can be made one at a time: a decoder whose every branch reads the past alone."""
        return self.model.decoder is not None and self.model.decoder.visibility.is_streaming

    @property
    def takes_source(self) -> bool:
        """Whether the model reads a source: an encoder-decoder, or a decoder with a prefix."""
        decoder = self.model.decoder
        return decoder is not None and (self.model.encoder is not None or decoder.visibility.reads_prefix)

    def inputs(self, batch: int = 2, seed: int = 0, length: int = LENGTH) -> Inputs:
        """Random tokens, and where the model reads them segments, a source and marks of global tokens."""
        draw = torch.Generator().manual_seed(seed)
        inputs = {"tokens": self.model.embedding.sample(batch, length, draw)}
        if self.model.n_segments:
            segments = torch.Generator().manual_seed(seed + 1)
            inputs["segments"] = torch.randint(0, self.model.n_segments, inputs["tokens"].shape, generator=segments)
        if self.takes_source:
            embedding = self.model.source_embedding or self.model.embedding
            inputs["source"] = embedding.sample(batch, SOURCE_LENGTH, draw)
        if self.model.encoder is not None and self.model.encoder.knows_globals:
            read = inputs["source" if self.takes_source else "tokens"]
            inputs["global_mask"] = torch.rand(read.shape[:2], generator=draw) < GLOBAL
        return {name: self._place(value) for name, value in inputs.items()}

    def _place(self, value: Tensor) -> Tensor:
        return value.to(self.device, torch.float64 if value.is_floating_point() else None)

    def run(self, inputs: Inputs) -> Output:
        """As `model.run`, with named inputs."""
        return self.model.run(**inputs)  # type: ignore[arg-type]

    def hidden(self, **inputs: Any) -> Tensor:
        """What the head reads, (B, T, D): one vector per slot, before any pooling."""
        kept: list[Tensor] = []
        handle = self.model.head.register_forward_pre_hook(lambda _, given: kept.append(given[0]))
        try:
            self.model.run(**inputs)
        finally:
            handle.remove()
        return kept[0]

    def loss(self, output: Output, seed: int = 0) -> Tensor:
        """A loss that every logit takes part in: squares against a random target."""
        draw = torch.Generator().manual_seed(seed)
        target = torch.randn(output.logits.shape[1:], generator=draw, dtype=torch.float64)
        return (output.logits - target.to(output.logits)).square().flatten(1).mean(1).sum()


def along(inputs: Inputs, what: str) -> tuple[str, ...]:
    """The inputs that have a column for each slot of `what`, the tokens or the source."""
    own = PER_TOKEN if what == "tokens" else (what,)
    marked = "source" if "source" in inputs else "tokens"
    return (*own, "global_mask") if what == marked else own


@torch.no_grad()
def randomise(model: Model, seed: int = 0) -> None:
    """Matrices N(0, 1/(2 fan_in)), constants moved by N(0, 0.2): nothing stays at 0 or 1, where faults hide."""
    draw = torch.Generator().manual_seed(seed)
    for _, tensor, module in named_tensors(model):
        noise = torch.randn(tensor.shape, generator=draw)
        if not any(parameter.requires_grad for parameter in module.parameters(recurse=False)):
            noise.clamp_(-1, 1).mul_(0.25)  # numbers that no gradient moves may not outweigh all others in a choice
        if tensor.dim() >= 2:
            tensor.copy_(noise * (0.5 / tensor[0].numel()) ** 0.5)
        else:
            tensor.add_(0.2 * noise)


def gradients(model: Model) -> dict[str, float]:
    """The largest absolute gradient of every tensor or slice, by role; 0 where there is none."""
    mirror = copy.deepcopy(model)
    with torch.no_grad():
        for ours, theirs in zip(mirror.parameters(), model.parameters(), strict=True):
            ours.copy_(torch.zeros_like(ours) if theirs.grad is None else theirs.grad)
    return {role: float(tensor.detach().abs().max()) for role, tensor, _ in named_tensors(mirror)}
