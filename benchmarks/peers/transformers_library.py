"""GPT-2, BERT, T5 and BART of the transformers library, and ours with their weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.peers.peer import Field, Forward, Peer, ours_of
from benchmarks.peers.size import SEED, Inputs, Size

NAME = "transformers"


@dataclass(frozen=True)
class Family:
    """A class of the library: how it is built without dropout, and how it is called."""

    build: Callable[[Size], Any]
    forward: Forward


def beside_ours(entry: str, size: Size) -> Field:
    """The library's model of a catalog entry, and ours made from its weights."""
    from variants.weights import from_transformers

    family = FAMILIES[entry]
    torch.manual_seed(SEED)
    theirs = family.build(size)
    return Field(entry, size, ours_of(from_transformers(theirs)), [Peer(NAME, theirs, family.forward)])


def _gpt2(size: Size) -> Any:
    from transformers import GPT2Config, GPT2LMHeadModel

    config = GPT2Config(
        vocab_size=size.vocab_size,
        n_positions=size.context_length,
        n_embd=size.d_model,
        n_layer=size.n_layers,
        n_head=size.n_heads,
        n_inner=size.d_ff,
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
        bos_token_id=None,
        eos_token_id=None,
    )
    return GPT2LMHeadModel(config)


def _bert(size: Size) -> Any:
    from transformers import BertConfig, BertForMaskedLM

    config = BertConfig(
        vocab_size=size.vocab_size,
        max_position_embeddings=size.context_length,
        hidden_size=size.d_model,
        num_hidden_layers=size.n_layers,
        num_attention_heads=size.n_heads,
        intermediate_size=size.d_ff,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    return BertForMaskedLM(config)


def _t5(size: Size) -> Any:
    from transformers import T5Config, T5ForConditionalGeneration

    config = T5Config(
        vocab_size=size.vocab_size,
        d_model=size.d_model,
        d_kv=size.d_model // size.n_heads,
        d_ff=size.d_ff,
        num_layers=size.n_layers,
        num_heads=size.n_heads,
        dropout_rate=0.0,
        eos_token_id=None,
    )
    config.decoder_start_token_id = 0
    return T5ForConditionalGeneration(config)


def _bart(size: Size) -> Any:
    from transformers import BartConfig, BartForConditionalGeneration

    config = BartConfig(
        vocab_size=size.vocab_size,
        max_position_embeddings=size.context_length,
        d_model=size.d_model,
        encoder_layers=size.n_layers,
        decoder_layers=size.n_layers,
        encoder_attention_heads=size.n_heads,
        decoder_attention_heads=size.n_heads,
        encoder_ffn_dim=size.d_ff,
        decoder_ffn_dim=size.d_ff,
        dropout=0.0,
        attention_dropout=0.0,
        activation_dropout=0.0,
        decoder_start_token_id=2,
        forced_eos_token_id=None,
        eos_token_id=None,
    )
    return BartForConditionalGeneration(config)


def _decoder(model: nn.Module, inputs: Inputs) -> Tensor:
    logits: Tensor = model(input_ids=inputs["tokens"], use_cache=False).logits
    return logits


def _encoder(model: nn.Module, inputs: Inputs) -> Tensor:
    logits: Tensor = model(input_ids=inputs["tokens"]).logits
    return logits


def _encoder_decoder(model: nn.Module, inputs: Inputs) -> Tensor:
    output = model(input_ids=inputs["source"], decoder_input_ids=inputs["tokens"], use_cache=False)
    logits: Tensor = output.logits
    return logits


FAMILIES = {
    "gpt-2": Family(_gpt2, _decoder),
    "bert": Family(_bert, _encoder),
    "t5": Family(_t5, _encoder_decoder),
    "bart": Family(_bart, _encoder_decoder),
}
