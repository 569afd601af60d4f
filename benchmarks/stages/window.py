"""Attention in a sliding window, forward and backward, next to causal attention over everything and to a dense mask."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor

from benchmarks.measure.clocks import clock_of
from benchmarks.measure.rounds import compared, interleave
from benchmarks.peers.contest import Void
from benchmarks.peers.decoding import DTYPES
from benchmarks.peers.size import SEED
from benchmarks.stages.stage import Bench, Case, Record, Stage
from benchmarks.stages.training import ratios
from variants.attend import Scores, attend, masked_attend
from variants.builder import make
from variants.conjunction import Both
from variants.context import Context
from variants.parts import Site, Visibility
from variants.registry import discover

if TYPE_CHECKING:
    from matplotlib.figure import Figure

APART = {"float32": 1e-4, "bf16": 1e-1}  # of outputs and gradients of size 1, summed in another order
OURS, DENSE, CAUSAL = "ours", "dense mask", "causal"
Way = Callable[[Tensor, Tensor, Tensor, Context], Tensor]


@dataclass(frozen=True, kw_only=True)
class Shape:
    """One attention: `window` counts tokens, the query's own included; heads are `width` numbers wide."""

    length: int
    window: int
    batch: int = 1
    n_heads: int = 4
    width: int = 64


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is measured: shapes, precisions, rounds and calls in each."""

    shapes: tuple[Shape, ...]
    precisions: tuple[str, ...]
    rounds: int
    repeats: int = 1


GPU = Plan(
    shapes=tuple(Shape(length=n, window=w, batch=4, n_heads=12) for n, w in ((2048, 256), (8192, 256), (8192, 1024))),
    precisions=("float32", "bf16"),
    rounds=15,
    repeats=4,
)
TOY = Plan(shapes=(Shape(length=512, window=4, n_heads=2, width=4),), precisions=("float32",), rounds=2)


class Window(Stage):
    """One case for each shape and precision."""

    name: ClassVar[str] = "window"

    def __init__(self, plan: Plan = GPU) -> None:
        self.plan = plan

    def cases(self, bench: Bench) -> Iterator[Case]:
        plan = TOY if bench.toy else self.plan
        for shape in plan.shapes:
            for precision in plan.precisions:
                name = f"{shape.length} tokens, window {shape.window}, {precision}"
                yield name, lambda s=shape, p=precision: _measure(s, p, plan, bench)  # type: ignore[misc]

    def told(self, record: Record) -> str:
        times = (f"{arm} {1e3 * seconds:.1f} ms" for arm, seconds in record["seconds"].items())
        return f"{'; '.join(times)}; {ratios(record)}; kernels {', '.join(record['kernels'][OURS])}"

    def draw(self, records: Mapping[str, Record]) -> Figure:
        from benchmarks.stages.figures import ratio_dots

        return ratio_dots(records, "times as fast, attention in a window, forward and backward")


def _measure(shape: Shape, precision: str, plan: Plan, bench: Bench) -> Record:
    arms = _arms(shape, bench.device, DTYPES[precision])
    record = {**asdict(shape), "precision": precision, "seed": SEED, "kernels": _kernels(arms)}
    record["apart"] = _apart(arms)
    if not record["apart"] < APART[precision]:
        raise Void(f"ours differs from the dense mask by {record['apart']}", record)
    calls: dict[str, Callable[[], object]] = {name: arm.backward for name, arm in arms.items()}
    rounds = interleave(calls, clock_of(bench.device), plan.rounds, plan.repeats, bench.deadline)
    return record | compared(rounds, [(OURS, CAUSAL), (OURS, DENSE)])


class Arm:
    """A way to attend, over leaves of its own."""

    def __init__(self, leaves: list[Tensor], way: Way, shape: Shape) -> None:
        self.leaves = [leaf.clone().requires_grad_() for leaf in leaves]
        self.way, self.shape = way, shape

    def __call__(self, context: Context | None = None) -> Tensor:
        q, k, v = self.leaves
        return self.way(q, k, v, context or self.context())

    def context(self) -> Context:
        """That of one forward, without a past and without padding."""
        return Context(self.shape.batch, self.shape.length, self.leaves[0].device)

    def backward(self) -> list[Tensor]:
        """The gradients of the output's sum."""
        return list(torch.autograd.grad(self().sum(), self.leaves))


def _arms(shape: Shape, device: torch.device, dtype: torch.dtype) -> dict[str, Arm]:
    draw = torch.Generator().manual_seed(SEED)
    size = (shape.batch, shape.length, shape.n_heads, shape.width)
    leaves = [torch.randn(size, generator=draw).transpose(1, 2).to(device, dtype) for _ in range(3)]
    discover()
    site = Site(shape.width, "decoder", 1, 1, shape.length, make)
    causal: Visibility = site.part("visibility", {"kind": "causal"})
    window = Both(causal, site.part("visibility", {"kind": "window", "window": shape.window}))
    scores = Scores(shape.width**-0.5)
    ways: dict[str, Way] = {
        OURS: lambda q, k, v, context: attend(q, k, v, scores, None, window, context),
        DENSE: lambda q, k, v, context: masked_attend(q, k, v, scores, None, context.mask(window), context),
        CAUSAL: lambda q, k, v, context: attend(q, k, v, scores, None, causal, context),
    }
    return {name: Arm(leaves, way, shape) for name, way in ways.items()}


def _kernels(arms: Mapping[str, Arm]) -> dict[str, list[str]]:
    """What each arm asked for."""
    asked = {}
    for name, arm in arms.items():
        context = arm.context()
        arm(context)
        asked[name] = sorted(context.kernels)
    return asked


def _apart(arms: Mapping[str, Arm]) -> float:
    """The largest absolute difference of ours from the dense mask, in outputs and gradients."""
    pairs = zip(*([arms[name](), *arms[name].backward()] for name in (OURS, DENSE)), strict=True)
    return max(float((a - b).detach().abs().max()) for a, b in pairs)
