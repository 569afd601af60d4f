"""The stages of the CPU benchmark: small models in float32, eager, on one thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from benchmarks.peers import torch_layers, x_transformers_library
from benchmarks.peers.contest import Rules
from benchmarks.peers.peer import Field
from benchmarks.peers.plain_gpt2 import plain_gpt2
from benchmarks.peers.size import Size
from benchmarks.peers.transformers_library import beside_ours
from benchmarks.stages.decode import TOY, Decode, Plan
from benchmarks.stages.stage import Bench, Stage
from benchmarks.stages.training import TINY, Contests
from benchmarks.stages.window import Plan as WindowPlan
from benchmarks.stages.window import Shape, Window

# bytes as tokens, as in the main job
SMALL: dict[str, Any] = {"d_model": 256, "n_layers": 4, "n_heads": 4, "d_ff": 1024, "vocab_size": 256}
SIZE = Size(**SMALL, tokens=128, batch=16)
RULES = Rules(precision="float32", compiler=None, rounds=15, repeats=1)
TOY_RULES = replace(RULES, rounds=2)
DECODING = Plan(
    sizes={
        "gpt-2": Size(**SMALL, tokens=32, room=64, batch=1),
        "bart": Size(**SMALL, tokens=1, source=32, room=64, batch=1),
    },
    batches=(1, 16),
    precisions=("float32",),
    new_tokens=64,
    rounds=15,
    repeats=2,
)
WINDOWS = WindowPlan(
    shapes=tuple(Shape(length=length, window=256) for length in (1024, 2048, 4096)), precisions=("float32",), rounds=15
)


class CpuTraining(Contests):
    """Ours beside GPT-2 of three makers, BERT, T5, BART, and the layers of torch itself."""

    def fields(self, bench: Bench) -> Mapping[str, Callable[[], Field]]:
        one = Size(**TINY) if bench.toy else SIZE
        two = replace(one, source=one.tokens)
        return {
            "gpt-2": lambda: gpt2(one),
            "bert": lambda: beside_ours("bert", one),
            "t5": lambda: beside_ours("t5", two),
            "bart": lambda: beside_ours("bart", two),
            "torch decoder": lambda: torch_layers.decoder(one),
            "torch encoder-decoder": lambda: torch_layers.encoder_decoder(two),
        }

    def rules(self, bench: Bench) -> Rules:
        return TOY_RULES if bench.toy else RULES


def gpt2(size: Size) -> Field:
    """Ours, the transformers library's, one written by hand, and x-transformers' where it is installed."""
    field = beside_ours("gpt-2", size)
    field.others.append(plain_gpt2(size, field.others[0].model.state_dict()))
    if x_transformers_library.is_installed():
        field.others.append(x_transformers_library.decoder(size))
    return field


CPU_STAGES: tuple[Stage, ...] = (
    CpuTraining(),
    Decode(DECODING, replace(TOY, precisions=("float32",))),
    Window(WINDOWS),
)
