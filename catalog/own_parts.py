"""Records of the parts in a user's own files, kept when a file passed its certificate; no torch."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from catalog.cache import load, part_name, store
from catalog.errors import refusal
from catalog.own_files import PARTS, content_key, files

Data = Mapping[str, Mapping[str, Mapping[str, Any]]]
_KEPT: dict[str, Data] = {}


def own_records() -> list[Data]:
    """The records of each file in use, in the form of `parts.json`.

    Raises:
        CatalogError: a file in use has not passed the certificate as it stands.
    """
    return [_kept(path) for path in files(PARTS)]


def keep_records(path: Path, records: Data) -> None:
    """Keep the records of a file that passed its certificate, here and in the user's cache."""
    key = _key(path)
    _KEPT[key] = records
    store(part_name(key), key, records)


def _kept(path: Path) -> Data:
    key = _key(path)
    found = _KEPT.get(key) or load(part_name(key), key)
    if not isinstance(found, Mapping):
        message = "has not passed its certificate as it stands"
        raise refusal(None, "--part", message, value=str(path), allowed=f"`bestiary check --part {path}` first")
    _KEPT[key] = found
    return found


def _key(path: Path) -> str:
    try:
        return content_key(path)
    except OSError as error:
        raise refusal(None, "--part", f"cannot be read: {error.strerror}", value=str(path), allowed="a file") from error
