"""What decoding starts from: tokens, a source, and the state that holds what follows."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from variants.align import align
from variants.builder import Model
from variants.context import State
from variants.decoding.rereading import Rereading, rereads


@dataclass(frozen=True)
class Prompt:
    """`inputs` are those of the model's first call; `slots` counts what they take in the decoder's stack.

    Padding stands at the left of what the decoder reads, so that new tokens follow real ones.
    """

    inputs: dict[str, Tensor]
    slots: int
    left_padded: bool

    @property
    def batch(self) -> int:
        return self.inputs["tokens"].shape[0]

    @property
    def device(self) -> torch.device:
        return self.inputs["tokens"].device

    def start(self, model: Model, max_new_tokens: int) -> tuple[State, Tensor]:
        """Reads the prompt: the state, with room for the new tokens, and the logits of the first of them, (B, V)."""
        slots = self.slots + max(max_new_tokens - 1, 0)
        state, logits = self._reread(model) if rereads(model, slots) else self._read(model, slots)
        if logits.dim() != 3:
            raise ValueError("generate needs logits for every token, and this model's head gives one answer per row")
        return state, logits[:, -1]

    def _read(self, model: Model, slots: int) -> tuple[State, Tensor]:
        state = model.new_state(self.batch, slots)
        state.left_padded = self.left_padded
        return state, model.run(**self.inputs, state=state, last=True).logits  # type: ignore[arg-type]

    def _reread(self, model: Model) -> tuple[State, Tensor]:
        state = Rereading(self.batch, self.slots, left_padded=self.left_padded, inputs=dict(self.inputs))
        return state, state.read(model)


def make_prompt(
    model: Model,
    tokens: Tensor | None,
    padding_mask: Tensor | None,
    source: Tensor | None,
    source_padding_mask: Tensor | None,
    bos: int | None,
    global_mask: Tensor | None = None,
) -> Prompt:
    """The prompt of a decoder, with `source` as its prefix, or of an encoder-decoder.

    Raises:
        ValueError: the model cannot decode, there is nothing to start from, or a mask does not fit.
    """
    check_decodes(model, "generate")
    start = _start(model, tokens, source, bos)
    if start is not tokens:
        padding_mask = None
    start, mask = align(start, padding_mask, "left", "the prompt")
    inputs, prefix = {"tokens": start, "padding_mask": mask}, 0
    left_padded = mask is not None
    if source is not None:
        two = model.encoder is not None
        source, source_mask = align(source, source_padding_mask, "right" if two else "left", "the source")
        if global_mask is not None:
            global_mask = align(global_mask, source_padding_mask, "right", "the source")[0]
        inputs |= {"source": source, "source_padding_mask": source_mask}
        if not two:
            if mask is not None:
                raise ValueError("a decoder reads source and prompt as one text, which padding of the prompt would cut")
            prefix, left_padded = source.shape[1], source_mask is not None
    given = {name: value for name, value in {**inputs, "global_mask": global_mask}.items() if value is not None}
    return Prompt(given, prefix + start.shape[1], left_padded)


def check_decodes(model: Model, what: str) -> None:
    """Refuses a model that cannot go on from its own past.

    Raises:
        ValueError: there is no decoder, or it sees later slots.
    """
    if model.decoder is None:
        raise ValueError(f"{what} needs a decoder; this model is an encoder")
    if not model.decoder.visibility.is_streaming:
        raise ValueError(f"{what} needs a decoder that sees no later slot; this one's visibility lets it")


def check_fits(model: Model, slots: int) -> None:
    """Refuses a text that the decoder has no room for.

    Raises:
        ValueError: it takes more slots than the context has.
    """
    limit = model.spec["context_length"]
    if slots > limit:
        raise ValueError(f"the text takes {slots} slots with what is before it; context_length is {limit}")


def _start(model: Model, tokens: Tensor | None, source: Tensor | None, bos: int | None) -> Tensor:
    if tokens is not None and tokens.numel():
        return tokens
    if bos is None:
        raise ValueError("generate needs a prompt of at least one token, or `bos`")
    like = tokens if tokens is not None else source
    device = next(model.parameters()).device
    return torch.full((1 if like is None else like.shape[0], 1), bos, dtype=torch.int64, device=device)
