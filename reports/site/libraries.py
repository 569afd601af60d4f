"""The JavaScript libraries that the site brings along, as `reports/vendor/libraries.json` names them."""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

FOLDER = "vendor"


@dataclass(frozen=True)
class Library:
    """A library at one version: what it serves for, its licence, and the sha256 of each of its files."""

    name: str
    version: str
    serves: str
    licence: str
    licence_file: str
    source: str
    files: dict[str, dict[str, str]]

    def contents(self) -> dict[str, bytes]:
        """Path on the site -> content of each file, that of the licence among them."""
        return {f"{FOLDER}/{name}": content(name) for name in self.files}


@cache
def libraries() -> tuple[Library, ...]:
    listed: list[dict[str, Any]] = json.loads(content("libraries.json"))
    return tuple(Library(**each) for each in listed)


def content(name: str) -> bytes:
    return files("reports").joinpath(FOLDER, name).read_bytes()
