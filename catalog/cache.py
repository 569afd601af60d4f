"""A small cache in the user's cache folder; it never fails, it only misses."""

import contextlib
import hashlib
import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from catalog.own_files import PARTS, content_key, files


def cache_folder() -> Path:
    """The folder for what can be made anew: `XDG_CACHE_HOME` or the system's own place."""
    named = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    home = Path(named) if named else Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache")
    return home / "bestiary"


def stamp(paths: Iterable[Path]) -> str:
    """A digest of the paths, sizes and modification times of files."""
    digest = hashlib.sha256()
    for path in paths:
        try:
            stat = path.stat()
            digest.update(f"{path}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode(errors="surrogateescape"))
        except OSError:
            digest.update(f"{path}\0missing\n".encode(errors="surrogateescape"))
    return digest.hexdigest()


def own_files() -> list[Path]:
    """The files that decide what an entry resolves to: those of this room, a user's parts, what is kept of them."""
    here = Path(__file__).parent
    parts = files(PARTS)
    kept = [cache_folder() / f"{part_name(content_key(path))}.json" for path in parts if path.is_file()]
    return [*sorted(here.glob("*.py")), here / "parts.json", *parts, *kept]


def part_name(key: str) -> str:
    """The name under which the records of a part's file are kept, by the digest of its content."""
    return f"part-{key[:32]}"


def load(name: str, key: str) -> Any:
    """What was stored under this name with this key, or None."""
    try:
        content = json.loads((cache_folder() / f"{name}.json").read_text(encoding="utf-8"))
        return content["value"] if content["key"] == key else None
    except (OSError, ValueError, KeyError, TypeError, RuntimeError):
        return None


def store(name: str, key: str, value: Any) -> None:
    """Keep a value; a folder that cannot be written leaves everything as it was."""
    import tempfile  # only a miss should cost this import

    with contextlib.suppress(OSError, RuntimeError):
        folder = cache_folder()
        folder.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=f".{name}-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump({"key": key, "value": value}, file)
            Path(temporary).replace(folder / f"{name}.json")
        except OSError:
            Path(temporary).unlink()
