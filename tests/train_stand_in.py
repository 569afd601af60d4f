"""A model and a task just large enough to train in milliseconds, in place of the real ones."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

import variants
from harness.tasks.registry import TASK
from harness.tasks.task import Batch, Generation, Task

VOCAB = 11


@dataclass
class Out:
    logits: Tensor
    aux: dict[str, Tensor] = field(default_factory=dict)


class TinyModel(nn.Module):
    """Embedding, one causal attention, a gain, dropout, a tied head; `aux` and `poison` as its spec says."""

    def __init__(self, dropout: float = 0.0, aux: float = 0.0, poison: int = 0) -> None:
        super().__init__()
        self.embedding = nn.Embedding(VOCAB, 8)
        self.source_embedding = nn.Embedding(VOCAB, 8)
        self.mix = nn.Linear(8, 24)
        self.gain = nn.Parameter(torch.ones(8))
        self.out = nn.Linear(8, VOCAB, bias=False)
        self.out.weight = self.embedding.weight
        nn.init.normal_(self.embedding.weight, std=0.3)
        self.register_buffer("calls", torch.zeros((), dtype=torch.int64))
        self.spec = {"dropout": dropout, "aux": aux, "poison": poison}
        self.dropout, self.aux, self.poison = dropout, aux, poison

    def kernels(self) -> list[str]:
        return ["stand-in"]

    def run(
        self,
        tokens: Tensor,
        padding_mask: Tensor | None = None,
        source: Tensor | None = None,
        source_padding_mask: Tensor | None = None,
    ) -> Out:
        if self.training:
            self.calls += 1
        x = self.embedding(tokens)
        if source is not None:
            x = x + self.source_embedding(source).mean(1, keepdim=True)
        q, k, v = self.mix(x).unsqueeze(1).chunk(3, -1)
        x = x + functional.scaled_dot_product_attention(q, k, v, is_causal=True).squeeze(1)
        x = functional.dropout(x * self.gain, self.dropout, self.training)
        if self.training and self.poison and int(self.calls) >= self.poison:
            x = x * float("nan")
        return Out(self.out(x), {"size": self.aux * x.square().mean()} if self.aux else {})


class StandIn(Task):
    """Each token is its predecessor plus one, now and then a random one; sentences of unequal length."""

    metric = "nats per token"
    stacks = frozenset({"decoder"})
    opened: ClassVar[list[str]] = []

    def adapt(self, spec: dict[str, Any]) -> dict[str, Any]:
        return spec

    def batch(self, seed: int, step: int, batch_size: int) -> Batch:
        return make_batch(np.random.default_rng([seed, step]), batch_size)

    def evaluation(self, split: str, batch_size: int) -> Any:
        self.opened.append(split)
        whole = make_batch(np.random.default_rng([99, split == "val"]), 30)
        for first in range(0, 30, batch_size):
            part = slice(first, first + batch_size)
            inputs = {name: array[part] for name, array in whole.inputs.items()}
            yield Batch(inputs, whole.targets[part], whole.weights[part], {"length": whole.groups["length"][part]})

    def trivial(self) -> dict[str, dict[str, float]]:
        return {"unigram": {"val": float(np.log(VOCAB)), "test": float(np.log(VOCAB))}}

    def score(self, scored: Any) -> dict[str, Any]:
        rows = list(scored)
        weights = np.concatenate([s.batch.weights.ravel() for s in rows]).astype(np.float64)
        nats = np.concatenate([s.nats.ravel() for s in rows])
        shown = {"generated": sum(len(s.generated) for s in rows if s.generated is not None)}
        return {"loss": float((nats * weights).sum() / weights.sum()), "shown": shown, "by": {}}

    def digest(self) -> str:
        return "stand-in"


class StandInPairs(StandIn):
    """The same with a source, for generation."""

    generation = Generation(bos=0, eos=1, max_new_tokens=4)

    def evaluation(self, split: str, batch_size: int) -> Any:
        for batch in super().evaluation(split, batch_size):
            yield Batch({**batch.inputs, "source": batch.inputs["tokens"]}, batch.targets, batch.weights, batch.groups)


def make_batch(rng: np.random.Generator, rows: int) -> Batch:
    tokens = (rng.integers(VOCAB, size=(rows, 1)) + np.arange(9)) % VOCAB
    tokens = np.where(rng.random(tokens.shape) < 0.1, rng.integers(VOCAB, size=tokens.shape), tokens)
    length = rng.integers(3, 9, size=rows)
    weights = (np.arange(8) < length[:, None]).astype(np.float32)
    inputs = {"tokens": np.ascontiguousarray(tokens[:, :-1]), "padding_mask": weights > 0}
    return Batch(inputs, np.ascontiguousarray(tokens[:, 1:]), weights, {"length": length})


def generate(model: Any, *, source: Tensor, max_new_tokens: int, **_: Any) -> Tensor:
    return torch.zeros(len(source), max_new_tokens, dtype=torch.int64)


def build_model(spec: dict[str, Any], seed: int, salt: str, device: str) -> TinyModel:
    torch.manual_seed(seed)
    return TinyModel(**spec).to(device)


def install(patch: Any) -> None:
    """Puts the stand-ins where the trainer looks for the real ones, until `patch` is undone."""
    for kind, task in (("stand_in", StandIn), ("stand_in_pairs", StandInPairs)):
        patch.setitem(TASK.kinds, kind, task)
        patch.setitem(TASK.tiny, kind, {})
    patch.setattr(variants, "build_model", build_model)
    patch.setattr(variants, "generate", generate, raising=False)
    counts = {"total": 3, "embedding": 1, "non_embedding": 2, "by_module": {}}
    patch.setattr(variants, "count_parameters", lambda spec: counts, raising=False)


def spec_of(model: Any = None, purpose: str = "tuning", task: str = "stand_in", **train: Any) -> dict[str, Any]:
    """A run of 20 steps."""
    settings = {"steps": 20, "batch_size": 8, "learning_rate": 0.05, "log_every": 3, "eval_every": 7, "warmup": 0.2}
    return {
        "format": 1,
        "model": model or {},
        "task": {"kind": task},
        "data": "stand-in",
        "train": {**settings, **train},
        "seed": 5,
        "salt": "",
        "purpose": purpose,
        "executor": "single",
    }
