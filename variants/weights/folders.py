"""A folder that the transformers library wrote, read into a model of ours; safetensors only."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from variants.builder import Model
from variants.weights.importing import from_transformers

WEIGHTS = ("model.safetensors", "model.safetensors.index.json")
PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle")


def load_folder(folder: Path | str, entry: str | None = None, user: Path | str | None = None) -> Model:
    """The model in a folder with `config.json` and `model.safetensors` (or its index).

    Raises:
        ValueError: the folder has no such files, holds its weights as a pickle, or no entry is of its class.
    """
    import transformers

    home = Path(folder)
    name = class_of(home)
    refuse_pickles(home)
    cls: Any = getattr(transformers, name, None)
    if cls is None:
        raise ValueError(f"{home / 'config.json'}: architectures names {name!r}, which transformers does not have")
    return from_transformers(cls.from_pretrained(home, use_safetensors=True, local_files_only=True), entry, user)


def class_of(home: Path) -> str:
    """The class that a folder's config names.

    Raises:
        ValueError: there is no readable config, or it names no class.
    """
    path = home / "config.json"
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
        return str(config["architectures"][0])
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise ValueError(f"{path} is no config that names its class under architectures") from error


def refuse_pickles(home: Path) -> None:
    """Refuses a folder without safetensors.

    Raises:
        ValueError: there are none; a pickle that is there instead is named, since loading one runs code.
    """
    if any((home / name).is_file() for name in WEIGHTS):
        return
    pickles = sorted(path.name for path in home.iterdir() if path.suffix in PICKLES)
    if pickles:
        raise ValueError(
            f"{home} holds its weights as a pickle ({', '.join(pickles)}), and loading one can run any code; "
            f"save it anew with save_pretrained(folder), which writes model.safetensors"
        )
    raise ValueError(f"{home} holds no weights; wanted {' or '.join(WEIGHTS)}")
