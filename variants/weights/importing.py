"""A model of the transformers library as one of ours, with equal logits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from variants.builder import Model, build_model
from variants.parts import Spec
from variants.weights.config import check_understood, spec_from_config
from variants.weights.entries import Known, candidates
from variants.weights.load import load_reference


def from_transformers(hf_model: Any, entry: str | None = None, user: Path | str | None = None) -> Model:
    """Builds the entry that equals a `PreTrainedModel` and copies its weights; same dtype, same device, eval mode.

    `entry` names one entry; otherwise that of the model's type and class is taken. `user` is a folder of own entries,
    by default that of `BESTIARY_CATALOG`.

    Raises:
        ValueError: it is no such model, no entry is of its type and class, or it has what the entry cannot say.
    """
    from transformers import PreTrainedModel

    if not isinstance(hf_model, PreTrainedModel):
        raise ValueError(
            f"from_transformers takes no such model (got {type(hf_model).__name__}; allowed: a PreTrainedModel)"
        )
    known, spec = choose(hf_model.config, type(hf_model).__name__, entry, user)
    return build_known(hf_model, known, spec)


def build_known(hf_model: Any, known: Known, spec: Spec | None = None) -> Model:
    """As `from_transformers`, by the tables of one entry.

    Raises:
        ValueError: the model has something that the entry cannot say.
    """
    spec = spec_of(hf_model.config, known) if spec is None else spec
    parameter = next(hf_model.parameters())
    model = empty_model(spec, parameter.dtype)
    load_reference(model, hf_model.state_dict(), known.reference)
    return model.to(parameter.device).eval()


def choose(
    config: Any, class_name: str, entry: str | None = None, user: Path | str | None = None
) -> tuple[Known, Spec]:
    """The first entry that can say what a library's config says, and the resolved spec.

    Raises:
        ValueError: there is none, with the reason of each.
    """
    faults = []
    for known in candidates(config.model_type, class_name, entry, user):
        try:
            return known, spec_of(config, known)
        except ValueError as error:
            faults.append(str(error) if str(error).startswith(known.id) else f"{known.id}: {error}")
    raise ValueError("\n".join(faults))


def spec_of(config: Any, known: Known) -> Spec:
    """The resolved spec that a library's config describes under one entry's tables.

    Raises:
        ValueError: the entry cannot say what the config says.
    """
    from transformers import PreTrainedConfig

    default = default_of(config)
    given = {**config.to_dict(), "num_labels": config.num_labels}
    check_understood(known.reference, given, default, PreTrainedConfig().to_dict())
    return spec_from_config(known.entry, known.reference, given)


def default_of(config: Any) -> dict[str, Any]:
    """The fields of the library's default config of this class."""
    with quiet_library():  # it may name special tokens that its own vocabulary lacks
        return dict(type(config)().to_dict())


@contextmanager
def quiet_library() -> Iterator[None]:
    """Keeps the library's warnings about a config to itself."""
    from transformers.utils import logging

    level = logging.get_verbosity()
    logging.set_verbosity(40)  # errors alone
    try:
        yield
    finally:
        logging.set_verbosity(level)


def empty_model(spec: Spec, dtype: torch.dtype) -> Model:
    """A model without values: what loads into it sets every tensor, or refuses."""
    return build_model(spec, device="meta").to(dtype).to_empty(device="cpu")
