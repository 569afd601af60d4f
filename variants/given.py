"""What a call gives a model: whether the model has a use for each tensor, and whether shapes, types and ids fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from variants.context import State
from variants.parts import Embedding
from variants.stack import Stack

if TYPE_CHECKING:
    from variants.builder import Model


class Given(NamedTuple):
    """The tensors of one call, as `Model.run` names them."""

    tokens: Tensor
    padding_mask: Tensor | None = None
    source: Tensor | None = None
    source_padding_mask: Tensor | None = None
    segments: Tensor | None = None
    global_mask: Tensor | None = None

    def check(self, model: Model, state: State | None) -> None:
        """Refuses what does not fit, by what no device has to be waited for.

        Raises:
            ValueError: the model has no use for a tensor or lacks one, or a shape, a type or a segment does not fit.
        """
        self._check_use(model, state)
        check_text(("tokens", self.tokens), ("padding_mask", self.padding_mask), model.embedding)
        if self.source is not None:
            embedding = model.source_embedding or model.embedding
            check_text(("source", self.source), ("source_padding_mask", self.source_padding_mask), embedding)
            self._check_rows("source", self.source.shape[0])
        if state is not None:
            self._check_rows("the decoding state", state.batch)
        if self.segments is not None:
            self._check_segments(self.segments, model)
        if self.global_mask is not None:
            embedding = model.source_embedding or model.embedding
            text = ("tokens", self.tokens) if model.decoder is None else ("source", self.source)
            check_global(text, self.global_mask, model.encoder, embedding)

    def check_ids(self, model: Model) -> None:
        """Refuses ids that no table has a row for; this waits for the device.

        Raises:
            ValueError: an id is out of range.
        """
        check_range("tokens", self.tokens, model.embedding.n_ids)
        if self.source is not None:
            check_range("source", self.source, (model.source_embedding or model.embedding).n_ids)

    def whole(self) -> tuple[Tensor, Tensor | None, int]:
        """A decoder's text with the source as its prefix, its mask, and how long the prefix is."""
        if self.source is None:
            return self.tokens, self.padding_mask, 0
        text, mask = torch.cat([self.source, self.tokens], 1), None
        if self.source_padding_mask is not None or self.padding_mask is not None:
            pairs = ((self.source, self.source_padding_mask), (self.tokens, self.padding_mask))
            mask = torch.cat([torch.ones_like(x, dtype=torch.bool) if m is None else m for x, m in pairs], 1)
        return text, mask, self.source.shape[1]

    def _check_use(self, model: Model, state: State | None) -> None:
        encodes, decodes = model.encoder is not None, model.decoder is not None
        if not decodes and (self.source is not None or state is not None):
            raise ValueError("an encoder takes neither `source` nor a decoding state")
        started = state is not None and (state.length > 0 or state.memory_BSD is not None)
        if encodes and decodes and self.source is None and not started:
            raise ValueError("an encoder-decoder needs `source`")
        if started and self.source is not None:
            raise ValueError("`source` was given, but this decoding state has one already; give it with the first call")
        if self.source_padding_mask is not None:
            self._check_source_mask(model, state)
        if self.segments is not None and not model.n_segments:
            raise ValueError("`segments` were given, but this model has no segment table, nor a part that reads them")

    def _check_source_mask(self, model: Model, state: State | None) -> None:
        if self.source is None:
            raise ValueError("`source_padding_mask` was given without `source`")
        if model.encoder is None and not model.skips_gaps and not (state is not None and state.left_padded):
            raise ValueError("a padded prefix leaves a gap; give every position scheme `ids: mask`")

    def _check_rows(self, what: str, rows: int) -> None:
        if self.tokens.shape[0] != rows:
            raise ValueError(f"tokens have {self.tokens.shape[0]} rows; allowed: {rows}, as {what} has")

    def _check_segments(self, segments: Tensor, model: Model) -> None:
        shape = (self.tokens.shape[0], model.embedding.length(self.tokens))
        if segments.shape != shape or segments.dtype not in (torch.int64, torch.int32):
            raise ValueError(f"segments are {_told(segments)}; allowed: int64 or int32, {shape}, as tokens have slots")
        # a lookup would raise, but attention that compares segments would take any number
        if segments.device.type == "cpu" and not torch.compiler.is_compiling():
            check_range("segments", segments, model.n_segments)


def check_text(text: tuple[str, Tensor], mask: tuple[str, Tensor | None], embedding: Embedding) -> None:
    """Refuses a text that the embedding cannot read, or a mask of it with another shape or type.

    Raises:
        ValueError: one of them does not fit; it is named.
    """
    (name, tokens), (mask_name, real) = text, mask
    embedding.check(name, tokens)
    if real is not None:
        _check_mask(mask_name, real, f"real in {name}", (tokens.shape[0], embedding.length(tokens)))


def check_global(
    text: tuple[str, Tensor | None], marks: Tensor | None, encoder: Stack | None, embedding: Embedding
) -> None:
    """Refuses marks of global tokens that no part reads, or that do not fit what the encoder reads.

    Raises:
        ValueError: the encoder knows no global tokens, it reads nothing in this call, or a shape or type does not fit.
    """
    if marks is None:
        return
    name, tokens = text
    if encoder is None or not encoder.knows_globals:
        raise ValueError("`global_mask` was given, but no part of this model has global tokens")
    if tokens is None:
        raise ValueError(f"`global_mask` was given without `{name}`, whose tokens it marks")
    _check_mask("global_mask", marks, f"global in {name}", (tokens.shape[0], embedding.length(tokens)))


def _check_mask(name: str, mask: Tensor, true_on: str, shape: tuple[int, int]) -> None:
    if mask.dtype != torch.bool or mask.shape != shape:
        wanted = f"bool, {shape}, True on what is {true_on} (`mask.bool()`)"
        raise ValueError(f"{name} is {_told(mask)}; allowed: {wanted}")


def check_tokens(name: str, tokens: Tensor) -> None:
    """Refuses what is no batch of token ids.

    Raises:
        ValueError: another type or number of dimensions, or there is nothing in it.
    """
    if tokens.dim() != 2 or tokens.dtype not in (torch.int64, torch.int32) or not tokens.numel():
        wanted = "int64 or int32, (B, T) with a row and a slot at least"
        raise ValueError(f"{name} are {_told(tokens)}; allowed: {wanted}")


def check_range(name: str, ids: Tensor, n_ids: int | None) -> None:
    """Refuses ids below 0 or from `n_ids` on; None allows all.

    Raises:
        ValueError: one is out of range.
    """
    if n_ids is None:
        return
    low, high = (int(x) for x in ids.aminmax())
    if low < 0 or high >= n_ids:
        raise ValueError(f"{name} hold {low if low < 0 else high}; allowed: 0 to {n_ids - 1}")


def _told(x: Tensor) -> str:
    return f"{str(x.dtype).removeprefix('torch.')}, {tuple(x.shape)}"
