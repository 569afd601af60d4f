"""A folder that the transformers library wrote, read into a model of ours; safetensors only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from variants.builder import Model
from variants.weights.config_file import config_file, pickles_in, read_config
from variants.weights.importing import from_transformers

WEIGHTS = ("model.safetensors", "model.safetensors.index.json")


def load_folder(folder: Path | str, entry: str | None = None, user: Path | str | None = None) -> Model:
    """The model in a folder with `config.json` and `model.safetensors` (or its index).

    Raises:
        ValueError: the folder has no such files, holds its weights as a pickle, or no entry is of its class.
    """
    import transformers

    home = Path(folder)
    _, name = read_config(config_file(home), user)
    refuse_pickles(home)
    cls: Any = getattr(transformers, name, None)
    if cls is None:
        raise ValueError(f"{home / 'config.json'}: architectures names {name!r}, which transformers does not have")
    return from_transformers(cls.from_pretrained(home, use_safetensors=True, local_files_only=True), entry, user)


def refuse_pickles(home: Path) -> None:
    """Refuses a folder without safetensors.

    Raises:
        ValueError: there are none; a pickle that is there instead is named, since loading one runs code.
    """
    if any((home / name).is_file() for name in WEIGHTS):
        return
    if pickles := pickles_in(home):
        raise ValueError(
            f"{home} holds its weights as a pickle ({', '.join(pickles)}), and loading one can run any code; "
            f"save it anew with save_pretrained(folder), which writes model.safetensors"
        )
    raise ValueError(f"{home} holds no weights; wanted {' or '.join(WEIGHTS)}")
