"""Where a launch comes from: versions, system, the commit of the code and what differs from it."""

from __future__ import annotations

import importlib.metadata
import platform
import subprocess
from hashlib import sha256
from pathlib import Path

from harness.ledger.canonical import Json

ROOT = Path(__file__).parents[1]
PACKAGES = ("torch", "numpy", "scipy", "safetensors", "tokenizers", "transformers")


def origin() -> tuple[Json, str]:
    """The record of this process's surroundings, and the difference from its commit as text; both end up in a sweep."""
    diff = _git("diff", "HEAD", "--no-color") or ""
    record = {
        "python": platform.python_version(),
        "system": platform.platform(),
        "packages": {name: version for name in PACKAGES if (version := _version(name))},
        "commit": (_git("rev-parse", "HEAD") or "").strip() or None,
        "diff": sha256(diff.encode()).hexdigest()[:16] if diff else None,
    }
    return record, diff


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _git(*words: str) -> str | None:
    """What git says of the clone that this code lies in; None where there is neither."""
    if not (ROOT / ".git").exists():
        return None
    try:
        done = subprocess.run(["git", "-C", str(ROOT), *words], capture_output=True, text=True, check=False)
    except OSError:
        return None
    return done.stdout if done.returncode == 0 else None
