"""Training throughput of ours next to other libraries, eager and compiled."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from benchmarks.measure.machine import device_name
from benchmarks.measure.peak import mfu
from benchmarks.peers.contest import Rules, contest
from benchmarks.peers.peer import Field
from benchmarks.peers.size import Size
from benchmarks.peers.transformers_library import beside_ours
from benchmarks.stages.stage import Bench, Case, Record, Stage
from variants import training_flops

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BASE: dict[str, Any] = {"d_model": 768, "n_layers": 12, "n_heads": 12, "d_ff": 3072}
SIZES = {
    "gpt-2": Size(**BASE, vocab_size=50257, tokens=1024, batch=16),
    "bert": Size(**BASE, vocab_size=30522, tokens=512, batch=32),
    "t5": Size(**BASE, vocab_size=32128, tokens=512, source=512, batch=16),
}
TINY: dict[str, Any] = {"d_model": 32, "n_layers": 1, "n_heads": 2, "d_ff": 64, "vocab_size": 97}
TINY |= {"tokens": 16, "batch": 2}
TOYS = {"gpt-2": Size(**TINY), "bert": Size(**TINY), "t5": Size(**TINY, source=12)}
RULES = Rules(precision="bf16", compiler="inductor", rounds=15, repeats=4)
# a real compiler takes minutes on a CPU; this one only traces
TOY_RULES = Rules(precision="bf16", compiler="eager", rounds=2, repeats=1)


class Contests(Stage):
    """One case for each field of models; subclasses say which."""

    name: ClassVar[str] = "training"

    @abstractmethod
    def fields(self, bench: Bench) -> Mapping[str, Callable[[], Field]]:
        """How each field is built, by the name of its case."""

    @abstractmethod
    def rules(self, bench: Bench) -> Rules:
        """How they are held."""

    def cases(self, bench: Bench) -> Iterator[Case]:
        for name, build in self.fields(bench).items():
            yield name, lambda build=build: _train(build(), self.rules(bench), bench)  # type: ignore[misc]

    def told(self, record: Record) -> str:
        speeds = (f"{arm} {v:,.0f} tokens/s{_share(record, arm)}" for arm, v in record["tokens_per_second"].items())
        return f"{'; '.join(speeds)}; {ratios(record)}"

    def draw(self, records: Mapping[str, Record]) -> Figure:
        from benchmarks.stages.figures import ratio_dots

        return ratio_dots(records, "times as fast, one training step")


class Training(Contests):
    """The three stacks in bf16, each beside the transformers library's model."""

    def fields(self, bench: Bench) -> Mapping[str, Callable[[], Field]]:
        sizes = TOYS if bench.toy else SIZES
        return {entry: lambda e=entry, s=size: beside_ours(e, s) for entry, size in sizes.items()}  # type: ignore[misc]

    def rules(self, bench: Bench) -> Rules:
        return TOY_RULES if bench.toy else RULES


def _train(field: Field, rules: Rules, bench: Bench) -> Record:
    size, name = field.size, device_name(bench.device)
    flops = size.batch * training_flops(field.ours.model.spec, size.tokens, size.source)  # type: ignore[arg-type]
    record = contest(field, bench.device, rules, bench.deadline)
    tokens = size.batch * (size.tokens + size.source)
    return record | {
        "flops_per_step": flops,
        "tokens_per_step": tokens,
        "tokens_per_second": {arm: tokens / seconds for arm, seconds in record["seconds"].items()},
        "mfu": {arm: mfu(flops, seconds, name) for arm, seconds in record["seconds"].items()},
    }


def _share(record: Record, arm: str) -> str:
    share = record["mfu"][arm]["mfu"]
    return "" if share is None else f" (MFU {share:.1%})"


def ratios(record: Record) -> str:
    """Every comparison of a record, as text."""
    return ", ".join(
        f"{row['arm']} {row['median']:.2f}x{_interval(row)} {row['as']}" for row in record["times_as_fast"]
    )


def _interval(row: Mapping[str, Any]) -> str:
    return "" if row["low"] is None else f" [{row['low']:.2f}, {row['high']:.2f}]"
