"""Decoding with a cache: greedy, or sampled with temperature and top-k."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from variants.builder import Model
from variants.context import State


@dataclass(frozen=True)
class Sampling:
    """How the next token is chosen: temperature 0 takes the most likely, `top_k` 0 keeps all."""

    temperature: float = 0.0
    top_k: int = 0
    seed: int = 0


@torch.inference_mode()
def generate(
    model: Model,
    tokens: Tensor | None = None,
    *,
    max_new_tokens: int,
    source: Tensor | None = None,
    source_padding_mask: Tensor | None = None,
    bos: int | None = None,
    eos: int | None = None,
    sampling: Sampling = Sampling(),
) -> Tensor:
    """New tokens after `tokens` (B, T), or after `bos` where there are none; (B, at most max_new_tokens).

    `source` (B, S) is the encoder's input, or a decoder's prefix. A row that has produced `eos` is filled with it.

    Raises:
        ValueError: there is nothing to start from, or the context is too short.
    """
    start = _start(tokens, source, bos)
    # the last new token is returned but never read, so it takes no slot
    _check_length(model, start.shape[1] + max_new_tokens - 1, source)
    was_training = model.training
    model.eval()
    try:
        return _decode(model, start, max_new_tokens, source, source_padding_mask, eos, sampling)
    finally:
        model.train(was_training)


def _decode(
    model: Model,
    step: Tensor,
    max_new_tokens: int,
    source: Tensor | None,
    mask: Tensor | None,
    eos: int | None,
    sampling: Sampling,
) -> Tensor:
    state: State | None = model.new_state(step.shape[0], _capacity(model, step, source, max_new_tokens))
    draw = torch.Generator(device=step.device).manual_seed(sampling.seed)
    done = torch.zeros(step.shape[0], dtype=torch.bool, device=step.device)
    made: list[Tensor] = []
    for i in range(max_new_tokens):
        given = {"source": source, "source_padding_mask": mask} if i == 0 else {}
        logits = model.run(step, state=state, **given).logits[:, -1]  # type: ignore[arg-type]
        chosen = _choose(logits, sampling, draw)
        if eos is not None:
            chosen = torch.where(done, eos, chosen)
            done |= chosen == eos
        made.append(chosen)
        if eos is not None and bool(done.all()):
            break
        step = chosen[:, None]
    return torch.stack(made, 1) if made else step[:, :0]


def _choose(logits_BV: Tensor, sampling: Sampling, draw: torch.Generator) -> Tensor:
    if sampling.temperature == 0:
        return logits_BV.argmax(-1)
    logits = logits_BV.float() / sampling.temperature
    if 0 < sampling.top_k < logits.shape[-1]:
        least = logits.topk(sampling.top_k).values[:, -1:]
        logits = logits.masked_fill(logits < least, float("-inf"))
    return torch.multinomial(logits.softmax(-1), 1, generator=draw)[:, 0]


def _start(tokens: Tensor | None, source: Tensor | None, bos: int | None) -> Tensor:
    if tokens is not None and tokens.shape[1]:
        return tokens
    if bos is None:
        raise ValueError("generate needs a prompt of at least one token, or `bos`")
    like = tokens if tokens is not None else source
    if like is None:
        return torch.tensor([[bos]])
    return torch.full((like.shape[0], 1), bos, dtype=torch.int64, device=like.device)


def _capacity(model: Model, step: Tensor, source: Tensor | None, max_new_tokens: int) -> int:
    prefix = source.shape[1] if source is not None and model.encoder is None else 0
    return prefix + step.shape[1] + max_new_tokens


def _check_length(model: Model, slots: int, source: Tensor | None) -> None:
    slots += source.shape[1] if source is not None and model.encoder is None else 0
    limit = model.spec["context_length"]
    if slots > limit:
        raise ValueError(f"prompt and new tokens take {slots} slots, but context_length is {limit}")
