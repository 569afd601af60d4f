"""A decoder of x-transformers of GPT-2's size, where the library is installed."""

from __future__ import annotations

import importlib
import importlib.util

from benchmarks.peers.peer import Peer
from benchmarks.peers.size import Size

NAME = "x-transformers"


def is_installed() -> bool:
    """Whether the library is here."""
    return importlib.util.find_spec("x_transformers") is not None


def decoder(size: Size) -> Peer:
    """Learned positions, pre-norm, GELU, a tied head; its weights are its own, since its norms have no bias."""
    library = importlib.import_module("x_transformers")
    layers = library.Decoder(
        dim=size.d_model,
        depth=size.n_layers,
        heads=size.n_heads,
        attn_dim_head=size.d_model // size.n_heads,
        ff_mult=size.d_ff / size.d_model,
        attn_flash=True,
    )
    model = library.TransformerWrapper(
        num_tokens=size.vocab_size, max_seq_len=size.context_length, attn_layers=layers, tie_embedding=True
    )
    return Peer(NAME, model, lambda m, inputs: m(inputs["tokens"]), same_weights=False)
