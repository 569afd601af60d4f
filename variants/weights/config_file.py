"""A checkpoint's `config.json`, read strictly: what is wrong is told with file, place and what would be allowed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from catalog.errors import did_you_mean
from variants.weights.entries import Known, known_entries

PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle")


def config_file(path: Path) -> Path:
    """The config in a folder, or the file itself.

    Raises:
        ValueError: there is none.
    """
    file = path / "config.json" if path.is_dir() else path
    if file.is_file():
        return file
    pickles = (
        f"; beside it lies a pickle ({', '.join(found)}), which is not read" if (found := pickles_in(path)) else ""
    )
    raise ValueError(f"{file} is missing; give a folder with config.json, or such a file{pickles}")


def pickles_in(folder: Path) -> list[str]:
    """The names of a folder's pickles."""
    return sorted(path.name for path in folder.iterdir() if path.suffix in PICKLES) if folder.is_dir() else []


def read_config(file: Path, user: Path | str | None = None) -> tuple[str, str]:
    """The model_type that a config names, and the first class under architectures.

    Raises:
        ValueError: it is no JSON, or one of the two is missing or of no entry.
    """
    content = _json(file)
    known = known_entries(user)
    types = sorted({each.reference.model_type for each in known})
    model_type = content.get("model_type")
    if model_type not in types:
        near = did_you_mean(str(model_type), types)
        hint = f"; did you mean {near}?" if near else ""
        raise ValueError(f"{file}: model_type={model_type!r} is that of no entry{hint}; allowed: {', '.join(types)}")
    names = content.get("architectures")
    if not isinstance(names, list) or not names or not isinstance(names[0], str):
        allowed = ", ".join(_classes(known, str(model_type)))
        raise ValueError(f"{file}: architectures={names!r}; allowed: a list that names its class, such as {allowed}")
    return str(model_type), names[0]


def _json(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"{file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"{file} is no text: byte {error.start} is not UTF-8; allowed: JSON in UTF-8") from error
    except json.JSONDecodeError as error:
        place = f"{file}, line {error.lineno}, column {error.colno}"
        raise ValueError(f"{place}: this is no JSON ({error.msg}); allowed: what save_pretrained writes") from error
    except RecursionError as error:
        raise ValueError(
            f"{file}: this is nested too deep for a config; allowed: what save_pretrained writes"
        ) from error
    if not isinstance(content, dict):
        raise ValueError(f"{file} holds a {type(content).__name__}; allowed: a map of the config's fields")
    return content


def _classes(known: list[Known], model_type: str) -> list[str]:
    return sorted(
        {name for each in known if each.reference.model_type == model_type for name in each.reference.classes}
    )
