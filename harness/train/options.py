"""What a run's `train` map may say; these settings are part of the run's id."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal

from catalog import schema
from catalog.errors import Faults
from catalog.located import LocatedMap, mark_of
from catalog.records import PartRecord, Records, options_of
from catalog.types import Count, Flag, NonNegative, Number, Positive, Probability, Sort, Whole
from harness.train.optimizer import OPTIMIZERS
from harness.train.schedule import SCHEDULES

SchedulePart = Annotated[dict[str, Any], Sort("schedule")]
OptimizerPart = Annotated[dict[str, Any], Sort("optimizer")]

# bare kinds: `parse` turns them into parts with every option
COSINE: Any = "cosine"
ADAMW: Any = "adamw"
MOST_NS_STEPS = 99  # torch takes no more


@dataclass(frozen=True, kw_only=True)
class TrainOptions:
    """Steps, batches, optimizer and evaluation of one run; made by `parse`.

    `batch_size` counts rows of one step, which `accumulate` cuts into equal parts. `warmup` counts steps, or is a
    share of all steps when it is a fraction below 1. `clip` bounds the global gradient norm. `label_smoothing` is a
    part of the training loss alone. With `ema`, an average of the weights that decays by it a step is evaluated and
    kept in their place. `eval_tokens` caps the target tokens of each validation on the way; the last one takes the
    whole split. `decode_examples` caps the rows that are decoded for the scores. A run has diverged when its final
    validation loss is above the task's trivial row less `divergence_margin` nats; null leaves only losses that are not
    finite.
    """

    steps: Count
    batch_size: Count
    learning_rate: Positive
    warmup: NonNegative = 0.1
    schedule: SchedulePart = COSINE
    optimizer: OptimizerPart = ADAMW
    weight_decay: NonNegative = 0.1
    clip: Positive | None = 1.0
    label_smoothing: Probability = 0.0
    ema: Probability | None = None
    accumulate: Count = 1
    precision: Literal["float32", "bf16"] = "float32"
    compile: Flag = False
    log_every: Count = 50
    eval_every: Count = 200
    eval_tokens: Count = 8192
    eval_batch_size: Count | None = None
    decode_examples: Whole = 256
    divergence_margin: Number | None = 0.0

    @property
    def warmup_steps(self) -> int:
        """The warm-up in steps."""
        return int(self.warmup) if self.warmup >= 1 else round(self.warmup * self.steps)

    @property
    def rows_per_evaluation(self) -> int:
        """Rows of one evaluation batch; the loss does not depend on it."""
        return self.eval_batch_size or self.batch_size


def parse(train: Mapping[str, Any]) -> TrainOptions:
    """Reads a run's `train` map; every option of every part is filled in.

    Raises:
        CatalogError: a field is unknown, missing or out of range, or two do not go together; with their places.
    """
    given = LocatedMap(train)
    given["kind"] = "train"
    filled = schema.fill("train", given, records=train_records())
    options = TrainOptions(**{name: value for name, value in filled.items() if name != "kind"})
    _check_together(options, train)
    return options


def fill(train: Mapping[str, Any]) -> dict[str, Any]:
    """`train` with every default spelled out: the form that is hashed and recorded.

    Raises:
        CatalogError: as `parse`.
    """
    return asdict(parse(train))


def train_records() -> Records:
    """The settings of a run, with the schedules and optimizers they may name, in the catalog's form."""
    record = PartRecord((TrainOptions.__doc__ or "").split("\n")[0], options=options_of(TrainOptions))
    return {"train": {"train": record}, "schedule": SCHEDULES.records(), "optimizer": OPTIMIZERS.records()}


def _check_together(options: TrainOptions, given: Mapping[str, Any]) -> None:
    faults = Faults()
    for path, message, value, allowed in _wrong(options):
        first, _, inner = path.partition(".")
        where = mark_of(given.get(first), inner) or mark_of(given, first)
        faults.add(where, f"train.{path}", message, value=value, allowed=allowed)
    faults.raise_any()


def _wrong(o: TrainOptions) -> Iterator[tuple[str, str, Any, str]]:
    """What each type alone would allow: the setting, why it cannot be, its value, and what can."""
    if o.batch_size % o.accumulate:
        yield "accumulate", "does not divide the batch", o.accumulate, f"divisors of batch_size {o.batch_size}"
    if o.warmup >= 1 and o.warmup != int(o.warmup):
        yield "warmup", "is no number of steps", o.warmup, "a whole number, or a share below 1"
    elif o.warmup > max(1, o.steps):
        message, allowed = "never ends, so the rate is not reached", f"at most the {o.steps} steps, or a share below 1"
        yield "warmup", message, o.warmup, allowed
    if o.label_smoothing == 1:
        yield "label_smoothing", "leaves nothing of the target to learn", 1, "a number from 0 to below 1"
    yield from _wrong_in_optimizer(o.optimizer)


def _wrong_in_optimizer(part: Mapping[str, Any]) -> Iterator[tuple[str, str, Any, str]]:
    for name in ("momentum", "beta1", "beta2"):
        if part.get(name) == 1:
            yield f"optimizer.{name}", "never forgets, so no gradient counts", 1, "a number from 0 to below 1"
    if part.get("nesterov") and part.get("momentum") == 0:
        yield "optimizer.nesterov", "looks ahead along a momentum of 0, which leads nowhere", True, "false"
    if part.get("ns_steps", 1) > MOST_NS_STEPS:
        yield "optimizer.ns_steps", "takes too long", part["ns_steps"], f"at most {MOST_NS_STEPS}"
