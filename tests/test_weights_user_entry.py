"""A new architecture of known parts is YAML alone, in a folder of the user's: with its weight map it reaches parity."""

import pytest

from variants import from_transformers, to_transformers
from variants.weights.entries import known_entries
from variants.weights.folders import load_folder
from variants.weights.parity import compare, tiny_reference

pytestmark = pytest.mark.filterwarnings("ignore")

# Persimmon, which the catalog does not hold: layer norms, norms of queries and keys by head, a fused projection by
# head, half of each head rotated, squared ReLU, biases everywhere.
MINE = """\
name: Mine
date: 2023-09
change: queries and keys are normalised by head in a block with squared ReLU and biases
paper: {title: T, authors: [A], year: 2023, url: https://example.org}
model:
  d_model: 64
  n_layers: 2
  n_heads: 4
  d_ff: 256
  vocab_size: 300
  context_length: 128
  embedding: {kind: token}
  decoder:
    position: {kind: rope, dim: 8}
    norm: {kind: layer_norm}
    residual: {kind: pre_norm}
    sublayers:
      - attention: {kind: softmax, bias: qkvo, qk_norm: {kind: layer_norm}}
      - ffn: {kind: mlp, activation: relu2, bias: true}
  head: {kind: lm, tied: false}
  init: {kind: normal, std: 0.02}
reference:
  transformers: persimmon
  class: PersimmonForCausalLM
  config:
    d_model: hidden_size
    n_layers: num_hidden_layers
    n_heads: num_attention_heads
    d_ff: intermediate_size
    vocab_size: vocab_size
    context_length: max_position_embeddings
    decoder.norm.eps: layer_norm_eps
    decoder.attention.qk_norm.eps: layer_norm_eps
    decoder.position.theta: rope_parameters.rope_theta
    decoder.position.dim: {times: [{over: [hidden_size, num_attention_heads]}, rope_parameters.partial_rotary_factor]}
    decoder.ffn.activation: {field: hidden_act, table: activations}
    decoder.attention.dropout: attention_dropout
    decoder.residual.dropout: hidden_dropout
  requires: {qk_layernorm: true, tie_word_embeddings: false, rope_parameters.rope_type: default}
  map:
    embedding.table: model.embed_tokens
    attention.norm: model.layers.*.input_layernorm
    "attention.q, attention.k, attention.v": {from: model.layers.*.self_attn.query_key_value, ops: [{split: per_head}]}
    attention.q_norm: model.layers.*.self_attn.q_layernorm
    attention.k_norm: model.layers.*.self_attn.k_layernorm
    attention.o: model.layers.*.self_attn.dense
    ffn.norm: model.layers.*.post_attention_layernorm
    ffn.up: model.layers.*.mlp.dense_h_to_4h
    ffn.down: model.layers.*.mlp.dense_4h_to_h
    final_norm: model.final_layernorm
    head.project: lm_head
"""
# GPT-J with halves in place of neighbours: the rows of queries and keys move instead.
UNROPED = """\
name: GPT-J in halves
extends: gpt-j
date: 2021-05
change: the rotary pairs of GPT-J are halves, and its rows are in that order
paper: {title: T, authors: [A], year: 2021, url: https://example.org}
model: {decoder: {position: {layout: halves}}}
reference:
  map:
    attention.q: {from: transformer.h.*.attn.q_proj, ops: [{unrope: 4}]}
    attention.k: {from: transformer.h.*.attn.k_proj, ops: [%s]}
"""


def known(folder, name):
    return next(each for each in known_entries(folder) if each.id == name)


def test_an_entry_in_a_folder_of_the_users_reaches_parity(tmp_path):
    (tmp_path / "mine.yaml").write_text(MINE)
    parity = compare(known(tmp_path, "mine"), user=tmp_path)
    assert parity.class_name == "PersimmonForCausalLM"
    assert parity.worst < 1e-4
    assert parity.spread > 0.1


def test_the_folder_of_the_environment_serves_loading_and_export(tmp_path, monkeypatch):
    (tmp_path / "mine.yaml").write_text(MINE)
    reference = tiny_reference(known(tmp_path, "mine"), user=tmp_path)
    with pytest.raises(ValueError, match="PersimmonForCausalLM"):
        from_transformers(reference)
    monkeypatch.setenv("BESTIARY_CATALOG", str(tmp_path))
    model = from_transformers(reference)
    again = load_folder(to_transformers(model, tmp_path / "out"))
    assert all((a == b).all() for a, b in zip(model.parameters(), again.parameters(), strict=True))


def test_an_interleaved_rotation_loads_into_one_by_halves_when_its_rows_move_and_only_then(tmp_path):
    (tmp_path / "halves.yaml").write_text(UNROPED % "{unrope: 4}")
    assert compare(known(tmp_path, "halves"), user=tmp_path).worst < 1e-4
    (tmp_path / "halves.yaml").write_text(UNROPED % "")
    assert compare(known(tmp_path, "halves"), user=tmp_path).worst > 1e-2
