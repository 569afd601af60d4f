"""What a run's `train` map may say; these settings are part of the run's id."""

from collections.abc import Mapping
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
    if options.batch_size % options.accumulate:
        where, allowed = mark_of(given, "accumulate"), f"divisors of batch_size {options.batch_size}"
        message = "does not divide the batch"
        faults.add(where, "train.accumulate", message, value=options.accumulate, allowed=allowed)
    if options.warmup >= 1 and options.warmup != int(options.warmup):
        where, allowed = mark_of(given, "warmup"), "a whole number, or a share below 1"
        faults.add(where, "train.warmup", "is no number of steps", value=options.warmup, allowed=allowed)
    elif options.warmup > max(1, options.steps):
        where, allowed = mark_of(given, "warmup"), f"at most the {options.steps} steps, or a share below 1"
        faults.add(
            where, "train.warmup", "never ends, so the rate is not reached", value=options.warmup, allowed=allowed
        )
    if options.label_smoothing == 1:
        where, message = mark_of(given, "label_smoothing"), "leaves nothing of the target to learn"
        faults.add(where, "train.label_smoothing", message, value=1, allowed="a number from 0 to below 1")
    faults.raise_any()
