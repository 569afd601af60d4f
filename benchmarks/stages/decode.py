"""Greedy decoding with a cache, in tokens per second, next to the transformers library's `generate`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from benchmarks.peers.decoding import DTYPES, Rules, decoding
from benchmarks.peers.size import Size
from benchmarks.peers.transformers_library import beside_ours
from benchmarks.stages.stage import Bench, Case, Record, Stage
from benchmarks.stages.training import BASE, TINY, ratios

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is decoded: models, batches, precisions, new tokens and rounds."""

    sizes: Mapping[str, Size]
    batches: tuple[int, ...]
    precisions: tuple[str, ...]
    new_tokens: int
    rounds: int
    repeats: int = 1


PLAN = Plan(
    sizes={
        "gpt-2": Size(**BASE, vocab_size=50257, tokens=64, room=128, batch=1),
        "t5": Size(**BASE, vocab_size=32128, tokens=1, source=64, room=128, batch=1),
    },
    batches=(1, 16),
    precisions=tuple(DTYPES),
    new_tokens=128,
    rounds=9,
)
TOY = Plan(
    sizes={"gpt-2": Size(**TINY, room=4), "t5": Size(**TINY, source=12, room=4)},
    batches=(1, 2),
    precisions=tuple(DTYPES),
    new_tokens=4,
    rounds=2,
)


class Decode(Stage):
    """One case for each stack that decodes, precision and batch."""

    name: ClassVar[str] = "decode"

    def __init__(self, plan: Plan = PLAN, toy: Plan = TOY) -> None:
        self.plan, self.toy = plan, toy

    def cases(self, bench: Bench) -> Iterator[Case]:
        plan = self.toy if bench.toy else self.plan
        for entry, size in plan.sizes.items():
            for precision in plan.precisions:
                rules = Rules(plan.new_tokens, precision, plan.rounds, plan.repeats)
                for batch in plan.batches:
                    sized = replace(size, batch=batch)
                    name = f"{entry} {precision} batch {batch}"
                    yield name, lambda e=entry, s=sized, r=rules: _decode(e, s, r, bench)  # type: ignore[misc]

    def told(self, record: Record) -> str:
        speeds = (f"{arm} {speed:,.0f} tokens/s" for arm, speed in record["tokens_per_second"].items())
        return f"{'; '.join(speeds)}; {ratios(record)}; {record['equal_tokens']:.1%} of tokens equal"

    def draw(self, records: Mapping[str, Record]) -> Figure:
        from benchmarks.stages.figures import ratio_dots

        return ratio_dots(records, "times as fast, greedy decoding with a cache")


def _decode(entry: str, size: Size, rules: Rules, bench: Bench) -> Record:
    return decoding(beside_ours(entry, size), bench.device, rules, bench.deadline)
