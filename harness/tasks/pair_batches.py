"""Batches of sources and targets: shifted inputs, masks, weights and the groups that errors are broken down by."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.tasks.task import Batch, Spec
from harness.tasks.vocabulary import BOS, EOS, PAD, padded

Ints = npt.NDArray[np.int64]
# widths are multiples of this, so that few shapes occur and little is padding
WIDTH_STEP = 4


@dataclass(frozen=True)
class EncodedPairs:
    """Padded ids of sources and targets (EOS included), with lengths; `references` (N, R, L) are all right targets."""

    sources: Ints
    source_lengths: Ints
    targets: Ints
    target_lengths: Ints
    references: Ints

    def __len__(self) -> int:
        return len(self.sources)


def encode_pairs(sources: Sequence[Sequence[int]], answers: Sequence[Sequence[Sequence[int]]]) -> EncodedPairs:
    """Arrays from ids; the first answer of each pair is its target."""
    targets = [[*listed[0], EOS] for listed in answers]
    n_answers = max(map(len, answers), default=0)
    longest = max((len(answer) for listed in answers for answer in listed), default=0)
    references = np.zeros((len(answers), n_answers, longest), dtype=np.int64)
    for place, listed in enumerate(answers):
        references[place, : len(listed)] = padded(listed, longest)
    return EncodedPairs(
        sources=padded(sources, max(map(len, sources), default=0)),
        source_lengths=np.array([len(source) for source in sources], dtype=np.int64),
        targets=padded(targets, longest + 1),
        target_lengths=np.array([len(target) for target in targets], dtype=np.int64),
        references=references,
    )


def pair_batch(pairs: EncodedPairs, rows: Ints) -> Batch:
    """The batch of some rows: the model reads BOS and the target's past, and is scored on the target with its EOS."""
    source_lengths, target_lengths = pairs.source_lengths[rows], pairs.target_lengths[rows]
    source = pairs.sources[rows, : _width(source_lengths)]
    targets = pairs.targets[rows, : _width(target_lengths)]
    source_mask = np.arange(source.shape[1]) < source_lengths[:, None]
    mask = np.arange(targets.shape[1]) < target_lengths[:, None]
    past = np.concatenate([np.full((len(rows), 1), BOS), targets[:, :-1]], axis=1)
    return Batch(
        inputs={
            "tokens": np.where(mask, past, PAD),
            "padding_mask": mask,
            "source": source,
            "source_padding_mask": source_mask,
        },
        targets=targets,
        weights=mask.astype(np.float32),
        groups=pair_groups(source_lengths, target_lengths, targets.shape[1]),
        references=pairs.references[rows],
    )


def pair_groups(source_lengths: Ints, target_lengths: Ints, width: int) -> dict[str, Ints]:
    """Source length (B,), target position and aligned source position (B, T), counted from 1.

    Targets carry no alignment, so the j-th of n targets (EOS included) is laid on source symbol ceil(j * m / n) of m.
    """
    position = np.broadcast_to(np.arange(1, width + 1), (len(source_lengths), width))
    aligned = -(-position * source_lengths[:, None] // target_lengths[:, None])
    source_position = np.minimum(aligned, source_lengths[:, None])
    return {"source_length": source_lengths, "position": position, "source_position": source_position}


def for_pairs(spec: Spec, stack: str, vocab_size: int, source_length: int, target_length: int) -> Spec:
    """The spec with vocabulary and context for pairs; `target_length` counts EOS.

    A decoder reads source and target in one row; source and target symbols share one vocabulary, whatever the stack.
    """
    longest = {"decoder": source_length + target_length, "encoder_decoder": max(source_length, target_length)}
    sizes = {"vocab_size": vocab_size, "context_length": longest[stack]}
    if spec.get("source_vocab_size") is not None:
        sizes["source_vocab_size"] = vocab_size
    return {**(without_gaps(spec) if stack == "decoder" else spec), **sizes}


def without_gaps(spec: Spec) -> Spec:
    """The spec of a decoder whose positions count real tokens: a padded source leaves no gap before its target.

    A scheme that cannot count so is left as it is, and the builder refuses it.
    """
    decoder = copy.deepcopy(spec["decoder"])
    branches = [
        branch
        for block in decoder.get("blocks", {}).values()
        for sublayer in block["sublayers"]
        for branch in sublayer.values()
        if branch
    ]
    for holder in (decoder, *branches):
        held = holder.get("position") or []
        for position in held if isinstance(held, list) else [held]:
            if "ids" in position:
                position["ids"] = "mask"
    return {**spec, "decoder": decoder}


def _width(lengths: Ints) -> int:
    return -(-int(lengths.max(initial=1)) // WIDTH_STEP) * WIDTH_STEP
