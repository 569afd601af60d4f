"""A model with a library's tokenizer or with none: a checkpoint's folder, or an entry's structure without training."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from harness.train.device import choose_device
from harness.writer import Limits, Request, Written, new_tokens, room_after

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from variants import Model

TOKENIZER = "tokenizer.json"
# the second names win: they say how the library itself would generate
CONFIGS = ("config.json", "generation_config.json")


@dataclass(frozen=True)
class Checkpoint:
    """A model that reads and writes through a tokenizer, or numbers where it has none; `ids` holds special tokens."""

    model: Model
    tokenizer: Tokenizer | None = None
    ids: Mapping[str, Any] = field(default_factory=dict)
    warning: str | None = None

    @property
    def takes(self) -> Literal["prompt", "source"]:
        return "prompt" if self.model.encoder is None else "source"

    def write(self, request: Request) -> Written:
        """What the model writes; without a tokenizer, text is the numbers of tokens.

        Raises:
            ValueError: the text or a stop is nothing that the model can read, or does not fit.
        """
        import torch

        given = self._encode(request.text, self.takes)
        device = next(self.model.parameters()).device
        inputs = {"tokens" if self.takes == "prompt" else "source": torch.tensor([given], device=device)}
        room = room_after(self.model, len(given)) if self.takes == "prompt" else self.model.spec["context_length"]
        made = new_tokens(self.model, inputs, request, Limits(room, self._start(), self._stops(request)))
        text = self._decode(given, made)
        glue = "" if self.tokenizer is not None else " "
        return Written(text, made, text if self.takes == "source" else f"{request.text}{glue}{text}")

    def _encode(self, text: str, what: str) -> list[int]:
        if self.tokenizer is not None:
            ids: list[int] = self.tokenizer.encode(text).ids
        else:
            ids = self._numbers(text, what)
        if not ids:
            raise ValueError(f"{what}: is empty; give at least one token")
        return ids

    def _numbers(self, text: str, what: str) -> list[int]:
        spec, words = self.model.spec, text.split()
        size = (spec.get("source_vocab_size") if what == "source" else None) or spec["vocab_size"]
        for word in words:
            if not word.isdecimal() or int(word) >= size:
                allowed = f"numbers of tokens from 0 to {size - 1}, such as '5 2 7'"
                raise ValueError(f"{what}: this model has no tokenizer (got {word!r}; allowed: {allowed})")
        return [int(word) for word in words]

    def _decode(self, given: list[int], made: list[int]) -> str:
        if self.tokenizer is None:
            return " ".join(map(str, made))
        if self.takes == "source":
            return str(self.tokenizer.decode(made))
        # a tokenizer may drop the space at a text's start, so that new tokens are read after the old ones
        return str(self.tokenizer.decode([*given, *made])).removeprefix(self.tokenizer.decode(given))

    def _start(self) -> int | None:
        if self.takes == "prompt":
            return None
        ids = [self.ids.get(name) for name in ("decoder_start_token_id", "bos_token_id")]
        start: int = next((each for each in ids if each is not None), 0)
        return start

    def _stops(self, request: Request) -> list[int]:
        eos = self.ids.get("eos_token_id")
        stops = [] if eos is None else [eos] if isinstance(eos, int) else list(eos)
        for stop in request.stops:
            one = self.tokenizer.token_to_id(stop) if self.tokenizer is not None else None
            ids = [one] if one is not None else self._encode(stop, "stop")
            if len(ids) != 1:
                raise ValueError(f"stop: {stop!r} is {len(ids)} tokens; allowed: one")
            stops += ids
        return stops


def open_checkpoint(folder: Path, device: str | None = None) -> Checkpoint:
    """The model in a folder that the transformers library wrote, with its `tokenizer.json` where there is one.

    Raises:
        ValueError: there is no model of a known class in safetensors, or it writes nothing.
    """
    from transformers.utils import logging

    from variants.weights.folders import load_folder

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # a bar for a second's work
    model = load_folder(folder)
    if model.decoder is None:
        raise ValueError(f"{folder}: its model is an encoder, which writes nothing")
    tokenizer = None
    if (folder / TOKENIZER).is_file():
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
    return Checkpoint(model.to(choose_device(device)), tokenizer, _special_ids(folder))


def open_untrained(entry: str, device: str | None = None) -> Checkpoint:
    """The tiny structure of an entry at its first values: it shows that the entry decodes, and knows nothing.

    Raises:
        CatalogError: the entry's file is wrong.
        ValueError: it writes nothing.
    """
    from catalog import resolve
    from variants import build_model, shrink
    from variants.registry import records

    model = build_model(shrink(resolve(entry, records=records())), device=str(choose_device(device))).eval()
    if model.decoder is None:
        raise ValueError(f"{entry} is an encoder, which writes nothing")
    size = model.spec["vocab_size"]
    return Checkpoint(model, warning=f"{entry} is tiny and untrained here: it reads and writes numbers below {size}")


def _special_ids(folder: Path) -> dict[str, Any]:
    ids: dict[str, Any] = {}
    for name in CONFIGS:
        path = folder / name
        content = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        ids |= {key: value for key, value in content.items() if key.endswith("_token_id") and value is not None}
    return ids
