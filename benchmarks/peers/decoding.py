"""Greedy decoding of ours and the transformers library, with a cache, from the same weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from benchmarks.measure.clocks import Call, clock_of
from benchmarks.measure.deadline import Deadline
from benchmarks.measure.rounds import compared, interleave
from benchmarks.peers.contest import Void
from benchmarks.peers.peer import Field
from benchmarks.peers.size import SEED, Inputs
from variants import generate

DTYPES = {"float32": torch.float32, "bf16": torch.bfloat16}
# greedy tokens part for good at the first near-tie, and bf16 has many; float32 decides whether the code is right
EXACT = "float32"
PAD = 0


@dataclass(frozen=True)
class Rules:
    """New tokens for each row, precision, rounds, and generations in each."""

    new_tokens: int
    precision: str
    rounds: int
    repeats: int = 1


def decoding(field: Field, device: torch.device, rules: Rules, deadline: Deadline) -> dict[str, Any]:
    """Generates from random prompts with ours and the library's `generate`, and compares their seconds.

    Raises:
        Void: in float32 the two generate different tokens.
        TimeUp: the deadline passed before there were enough rounds.
    """
    for peer in field.to(device).peers:
        peer.model.to(DTYPES[rules.precision]).eval()
    inputs = field.size.inputs(device)
    calls = _calls(field, inputs, rules.new_tokens)
    made = {name: call() for name, call in calls.items()}
    record: dict[str, Any] = {
        "entry": field.entry,
        "size": field.size.to_json(),
        "precision": rules.precision,
        "seed": SEED,
    }
    record |= {"new_tokens": rules.new_tokens, "equal_tokens": _share_equal(*made.values())}
    if rules.precision == EXACT and record["equal_tokens"] < 1.0:
        raise Void(f"only {record['equal_tokens']:.1%} of the greedy tokens are equal", record)
    rounds = interleave(calls, clock_of(device), rules.rounds, rules.repeats, deadline)
    found = compared(rounds, [(field.ours.name, peer.name) for peer in field.others])
    count = field.size.batch * rules.new_tokens
    return record | found | {"tokens_per_second": {name: count / s for name, s in found["seconds"].items()}}


def _calls(field: Field, inputs: Inputs, new_tokens: int) -> dict[str, Callable[[], Tensor]]:
    (theirs,) = field.others
    make = _with_source if "source" in inputs else _with_prompt
    ours, other = make(field.ours.model, theirs.model, inputs, new_tokens)
    return {field.ours.name: ours, theirs.name: other}


def _with_prompt(ours: Any, theirs: Any, inputs: Inputs, new_tokens: int) -> tuple[Call, Call]:
    prompt = inputs["tokens"]
    return (
        lambda: generate(ours, prompt, max_new_tokens=new_tokens),
        lambda: theirs.generate(prompt, **_greedy(prompt, new_tokens))[:, prompt.shape[1] :],
    )


def _with_source(ours: Any, theirs: Any, inputs: Inputs, new_tokens: int) -> tuple[Call, Call]:
    source, bos = inputs["source"], theirs.config.decoder_start_token_id
    return (
        lambda: generate(ours, source=source, bos=bos, max_new_tokens=new_tokens),
        lambda: theirs.generate(source, **_greedy(source, new_tokens))[:, 1:],
    )


def _greedy(given: Tensor, new_tokens: int) -> dict[str, Any]:
    """The library's settings for greedy decoding of exactly so many tokens."""
    lengths = {"max_new_tokens": new_tokens, "min_new_tokens": new_tokens}
    # the mask is what the library would work out, so that it need not search the prompt for padding
    return {
        "do_sample": False,
        "use_cache": True,
        "pad_token_id": PAD,
        "attention_mask": torch.ones_like(given),
        **lengths,
    }


def _share_equal(ours: Tensor, theirs: Tensor) -> float:
    return float((ours == theirs).float().mean()) if ours.shape == theirs.shape else 0.0
