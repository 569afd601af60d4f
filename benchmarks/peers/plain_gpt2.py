"""GPT-2 written by hand in the fewest modules, as one would for a single architecture."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.peers.peer import Peer
from benchmarks.peers.size import Size


class Attention(nn.Module):
    """Causal attention of `n_heads` heads."""

    def __init__(self, width: int, n_heads: int) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x_BTD: Tensor) -> Tensor:
        B, T, D = x_BTD.shape
        q, k, v = (y.view(B, T, self.n_heads, -1).transpose(1, 2) for y in self.qkv(x_BTD).split(D, 2))
        y_BHTK = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        y: Tensor = self.out(y_BHTK.transpose(1, 2).reshape(B, T, D))
        return y


class Block(nn.Module):
    """Pre-norm attention and feed-forward."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.norm_1, self.norm_2 = nn.LayerNorm(size.d_model), nn.LayerNorm(size.d_model)
        self.attention = Attention(size.d_model, size.n_heads)
        self.up, self.down = nn.Linear(size.d_model, size.d_ff), nn.Linear(size.d_ff, size.d_model)

    def forward(self, x_BTD: Tensor) -> Tensor:
        x_BTD = x_BTD + self.attention(self.norm_1(x_BTD))
        y: Tensor = x_BTD + self.down(F.gelu(self.up(self.norm_2(x_BTD)), approximate="tanh"))
        return y


class PlainGPT2(nn.Module):
    """Token and learned positions, blocks, a last norm, and the token table as head."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.tokens = nn.Embedding(size.vocab_size, size.d_model)
        self.positions = nn.Embedding(size.context_length, size.d_model)
        self.blocks = nn.ModuleList(Block(size) for _ in range(size.n_layers))
        self.norm = nn.LayerNorm(size.d_model)

    def forward(self, tokens_BT: Tensor) -> Tensor:
        x_BTD = self.tokens(tokens_BT) + self.positions.weight[: tokens_BT.shape[1]]
        for block in self.blocks:
            x_BTD = block(x_BTD)
        return F.linear(self.norm(x_BTD), self.tokens.weight)


# ours by the library's names; its matrices are stored as (in, out)
BLOCK = {
    "norm_1": "ln_1",
    "attention.qkv": "attn.c_attn",
    "attention.out": "attn.c_proj",
    "norm_2": "ln_2",
    "up": "mlp.c_fc",
    "down": "mlp.c_proj",
}


def plain_gpt2(size: Size, theirs: Mapping[str, Tensor]) -> Peer:
    """The model with the weights of the transformers library's GPT2LMHeadModel."""
    model = PlainGPT2(size)
    named = {"tokens.weight": "wte.weight", "positions.weight": "wpe.weight"}
    named |= {f"norm.{part}": f"ln_f.{part}" for part in ("weight", "bias")}
    for layer in range(size.n_layers):
        for ours, other in BLOCK.items():
            named |= {f"blocks.{layer}.{ours}.{part}": f"h.{layer}.{other}.{part}" for part in ("weight", "bias")}
    with torch.no_grad():
        for name, tensor in model.named_parameters():
            value = theirs[f"transformer.{named[name]}"]
            is_matrix = value.dim() == 2 and "norm" not in name and not name.startswith(("tokens", "positions"))
            tensor.copy_(value.T if is_matrix else value)
    return Peer("plain GPT-2", model, lambda m, inputs: m(inputs["tokens"]))
