"""How each stack reads one text and answers with one class."""

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from harness.tasks.vocabulary import BOS

Ints = npt.NDArray[np.int64]
Inputs = dict[str, npt.NDArray[Any]]
Reading = Callable[[Ints, Ints], Inputs]
# widths are multiples of this, so that few shapes occur and little is padding
WIDTH_STEP = 8


class ReadsText(Protocol):
    """A task with one way to read a text, and a view of itself for each stack that was asked for."""

    read: Reading
    views: dict[str, Any]


T = TypeVar("T", bound=ReadsText)


@dataclass(frozen=True)
class EncodedTexts:
    """Padded ids of texts (N, L), their lengths and classes (N,), and what errors are broken down by (N,)."""

    ids: Ints
    lengths: Ints
    classes: Ints
    groups: dict[str, Ints] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.ids)


def as_tokens(ids: Ints, lengths: Ints) -> Inputs:
    """The text is what the one stack reads."""
    text, mask = cropped(ids, lengths)
    return {"tokens": text, "padding_mask": mask}


def as_source(ids: Ints, lengths: Ints) -> Inputs:
    """The text goes to the encoder; the decoder reads BOS alone and answers there."""
    text, mask = cropped(ids, lengths)
    return {"tokens": np.full((len(ids), 1), BOS), "source": text, "source_padding_mask": mask}


READINGS: dict[str, Reading] = {"encoder": as_tokens, "decoder": as_tokens, "encoder_decoder": as_source}
# where the answer is read: over the whole text, after its last token, at the one target token
POOLS = {"encoder": "mean", "decoder": "last", "encoder_decoder": "last"}


def view_of(task: T, stack: str) -> T:
    """The task with its texts as the stack reads them; made once, the task stays as it was."""
    if stack not in task.views:
        task.views[stack] = view = copy(task)
        view.read = READINGS[stack]
    found: T = task.views[stack]
    return found


def cropped(ids: Ints, lengths: Ints) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """Ids without the columns that no row needs, and the mask of real tokens."""
    width = -(-int(lengths.max(initial=1)) // WIDTH_STEP) * WIDTH_STEP
    text = ids[:, :width]
    return text, np.arange(text.shape[1]) < lengths[:, None]


def text_sizes(spec: dict[str, Any], vocab_size: int, length: int) -> dict[str, int]:
    """Vocabulary and context of a model that reads texts of up to `length` tokens."""
    sizes = {"vocab_size": vocab_size, "context_length": length}
    return sizes if spec.get("source_vocab_size") is None else {**sizes, "source_vocab_size": vocab_size}
