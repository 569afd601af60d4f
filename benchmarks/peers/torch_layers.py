"""The Transformer layers that torch itself has, with the weights of ours."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

import catalog
from benchmarks.peers.peer import Field, Peer, ours_of
from benchmarks.peers.size import SEED, Inputs, Size
from variants import Model, build_model

NAME = "torch.nn"


class Tables(nn.Module):
    """Token table and learned positions; the token table is the head as well."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.tokens = nn.Embedding(size.vocab_size, size.d_model)
        self.positions = nn.Embedding(size.context_length, size.d_model)

    def forward(self, tokens_BT: Tensor) -> Tensor:
        y: Tensor = self.tokens(tokens_BT) + self.positions.weight[: tokens_BT.shape[1]]
        return y


class TorchDecoder(nn.Module):
    """nn.TransformerEncoder under a causal mask."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.tables = Tables(size)
        self.stack = _torch_encoder(size)

    def forward(self, tokens_BT: Tensor) -> Tensor:
        mask = nn.Transformer.generate_square_subsequent_mask(tokens_BT.shape[1], device=tokens_BT.device)
        x_BTD = self.stack(self.tables(tokens_BT), mask=mask, is_causal=True)
        return F.linear(x_BTD, self.tables.tokens.weight)


class TorchEncoderDecoder(nn.Module):
    """nn.Transformer; the source has positions of its own, one table of tokens serves both sides."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.tables, self.source_positions = Tables(size), nn.Embedding(size.context_length, size.d_model)
        widths = (size.d_model, size.n_heads, size.n_layers, size.n_layers, size.d_ff)
        encoder = _torch_encoder(size)
        self.stacks = nn.Transformer(*widths, 0.0, "gelu", encoder, batch_first=True, norm_first=True)

    def forward(self, source_BS: Tensor, tokens_BT: Tensor) -> Tensor:
        source = self.tables.tokens(source_BS) + self.source_positions.weight[: source_BS.shape[1]]
        mask = nn.Transformer.generate_square_subsequent_mask(tokens_BT.shape[1], device=tokens_BT.device)
        x_BTD = self.stacks(source, self.tables(tokens_BT), tgt_mask=mask, tgt_is_causal=True)
        return F.linear(x_BTD, self.tables.tokens.weight)


def decoder(size: Size) -> Field:
    """Ours, `pre-ln`, beside torch's layers."""
    ours: Any = _build("pre-ln", size)
    theirs = TorchDecoder(size)
    with torch.no_grad():
        _copy_tables(theirs.tables, ours)
        _copy_stack(theirs.stack, ours.decoder)
    peer = Peer(NAME, theirs, lambda model, inputs: model(inputs["tokens"]))
    return Field("pre-ln", size, ours_of(ours), [peer])


def encoder_decoder(size: Size) -> Field:
    """Ours, `pre-ln-encoder-decoder`, beside nn.Transformer."""
    ours: Any = _build("pre-ln-encoder-decoder", size)
    theirs = TorchEncoderDecoder(size)
    with torch.no_grad():
        _copy_tables(theirs.tables, ours)
        theirs.source_positions.weight.copy_(ours.encoder.positions[0].table.weight)
        _copy_stack(theirs.stacks.encoder, ours.encoder)
        _copy_stack(theirs.stacks.decoder, ours.decoder)
    return Field("pre-ln-encoder-decoder", size, ours_of(ours), [Peer(NAME, theirs, _with_source)])


def _torch_encoder(size: Size) -> nn.TransformerEncoder:
    layer = nn.TransformerEncoderLayer(
        size.d_model, size.n_heads, size.d_ff, 0.0, "gelu", batch_first=True, norm_first=True
    )
    # nested tensors serve post-norm layers in inference alone, and say so with a warning elsewhere
    return nn.TransformerEncoder(layer, size.n_layers, nn.LayerNorm(size.d_model), enable_nested_tensor=False)


def _with_source(model: nn.Module, inputs: Inputs) -> Tensor:
    logits: Tensor = model(inputs["source"], inputs["tokens"])
    return logits


def _build(entry: str, size: Size) -> Model:
    wanted = {name: getattr(size, name) for name in ("d_model", "n_layers", "n_heads", "d_ff", "vocab_size")}
    return build_model(catalog.resolve(entry, overrides={**wanted, "context_length": size.context_length}), SEED)


def _copy_tables(tables: Tables, ours: Any) -> None:
    tables.tokens.weight.copy_(ours.embedding.matrix())
    tables.positions.weight.copy_(ours.decoder.positions[0].table.weight)


def _copy_stack(theirs: Any, ours: Any) -> None:
    """Layer by layer; both sides name the sublayers in the order in which they run."""
    for layer, block in zip(theirs.layers, ours.blocks, strict=True):
        branches = dict(block.branches.items())
        _copy_attention(layer.self_attn, branches["attention"])
        if "cross_attention" in branches:
            _copy_cross_attention(layer.multihead_attn, branches["cross_attention"])
        _copy_linear(layer.linear1, branches["ffn"].up)
        _copy_linear(layer.linear2, branches["ffn"].down)
        for number, joint in enumerate(block.joints, 1):
            _copy_linear(getattr(layer, f"norm{number}"), joint.norms[0])
    _copy_linear(theirs.norm, ours.scheme.final_norm)


def _copy_attention(theirs: Any, ours: Any) -> None:
    theirs.in_proj_weight.copy_(ours.qkv.weight)
    theirs.in_proj_bias.copy_(ours.qkv.bias)
    _copy_linear(theirs.out_proj, ours.o)


def _copy_cross_attention(theirs: Any, ours: Any) -> None:
    theirs.in_proj_weight.copy_(torch.cat([ours.q.weight, ours.kv.weight]))
    theirs.in_proj_bias.copy_(torch.cat([ours.q.bias, ours.kv.bias]))
    _copy_linear(theirs.out_proj, ours.o)


def _copy_linear(theirs: Any, ours: Any) -> None:
    theirs.weight.copy_(ours.weight)
    theirs.bias.copy_(ours.bias)
