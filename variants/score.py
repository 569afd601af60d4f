"""How likely a model finds a text: conditional log-likelihood, in nats."""

from __future__ import annotations

import torch
from torch import Tensor

from variants.align import align
from variants.builder import Model
from variants.context import State
from variants.decoding.prompt import check_decodes, check_fits
from variants.evaluating import evaluating
from variants.given import check_range, check_tokens

Inputs = dict[str, Tensor | None]


@torch.no_grad()
def score(
    model: Model,
    source: Tensor | None,
    target: Tensor,
    *,
    bos: int | None = None,
    source_padding_mask: Tensor | None = None,
    target_padding_mask: Tensor | None = None,
) -> Tensor:
    """log p(target | source) of each row in nats, summed over its real tokens, (B,); the token that ends it may be one.

    `source` (B, S) is read by the encoder, as a prefix, or, by a decoder without prefixes, as the text before `target`
    (B, T). `bos` is the token that the answer starts from; a decoder without prefixes may go without. None for
    `source` gives log p(target | bos). Masks are True on real tokens; padding may stand on either side.

    Raises:
        ValueError: the model gives no likelihood, nothing stands before the first token, source, target and masks do
            not fit each other, or the context is too short.
    """
    check_decodes(model, "score")
    _check_start(model, source, bos)
    check_tokens("target", target)
    target, target_mask = align(target, target_padding_mask, "right", "the target")
    if source is not None:
        side = "right" if model.encoder is not None else "left"
        source, source_padding_mask = align(source, source_padding_mask, side, "the source")  # type: ignore[arg-type]
        if source.shape[0] != target.shape[0]:
            raise ValueError(f"the source has {source.shape[0]} rows; allowed: {target.shape[0]}, as the target has")
    inputs = _inputs(source, source_padding_mask, target, target_mask, bos)
    with evaluating(model):
        logits_BTV = model.run(**inputs, state=_state(model, inputs)).logits[:, -target.shape[1] :]  # type: ignore[arg-type]
    if logits_BTV.dim() != 3:
        raise ValueError("score needs logits for every token, and this model's head gives one answer per row")
    check_range("target", target, logits_BTV.shape[-1])
    exact = torch.promote_types(logits_BTV.dtype, torch.float32)
    nats_BT = logits_BTV.to(exact).log_softmax(-1).gather(2, target[..., None])[..., 0]
    return (nats_BT if target_mask is None else nats_BT * target_mask).sum(1)


def _check_start(model: Model, source: Tensor | None, bos: int | None) -> None:
    if bos is not None:
        return
    assert model.decoder is not None
    if model.encoder is not None or model.decoder.visibility.reads_prefix:
        raise ValueError("score needs `bos`, the token that this model's answers start from")
    if source is None:
        raise ValueError("score needs `source` or `bos`: nothing stands before the first token of the target")


def _inputs(
    source: Tensor | None, source_mask: Tensor | None, target: Tensor, target_mask: Tensor | None, bos: int | None
) -> Inputs:
    """What the model reads: everything up to the last token, which it is only asked for."""
    read, read_mask = target[:, :-1], None if target_mask is None else target_mask[:, :-1]
    if bos is not None:
        tokens, mask = _join(torch.full_like(target[:, :1], bos), None, read, read_mask)
        return {"tokens": tokens, "padding_mask": mask, "source": source, "source_padding_mask": source_mask}
    assert source is not None
    tokens, mask = _join(source, source_mask, read, read_mask)
    return {"tokens": tokens, "padding_mask": mask}


def _join(a: Tensor, a_mask: Tensor | None, b: Tensor, b_mask: Tensor | None) -> tuple[Tensor, Tensor | None]:
    if a_mask is None and b_mask is None:
        return torch.cat([a, b], 1), None
    masks = (torch.ones_like(x, dtype=torch.bool) if m is None else m for x, m in ((a, a_mask), (b, b_mask)))
    return torch.cat([a, b], 1), torch.cat(list(masks), 1)


def _state(model: Model, inputs: Inputs) -> State | None:
    """A state that makes positions count real tokens, where a decoder's text begins with padding."""
    tokens, mask, source = (inputs.get(name) for name in ("tokens", "padding_mask", "source"))
    assert tokens is not None
    prefix = source.shape[1] if source is not None and model.encoder is None else 0
    check_fits(model, prefix + tokens.shape[1])
    first = inputs.get("source_padding_mask") if prefix else mask
    if model.encoder is not None or first is None or bool(first[:, 0].all()):
        return None
    state = model.new_state(tokens.shape[0], prefix + tokens.shape[1])
    state.left_padded = True
    return state
