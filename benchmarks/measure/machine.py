"""Where, when and with what a benchmark was made."""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import platform
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from harness.train.device import describe

ROOT = Path(__file__).resolve().parent.parent.parent
LIBRARIES = ("torch", "transformers", "numpy", "triton", "x-transformers")
SOURCES = ("catalog", "variants", "harness", "benchmarks")
CODE = (".py", ".yaml", ".json")
RESULTS = ROOT / "benchmarks" / "results"


def made_on(device: torch.device, commit: str | None = None) -> dict[str, Any]:
    """The device, versions and code; two records with an equal one may stand in one file.

    `commit` is told by hand where the folder is no git checkout.
    """
    return {
        "device": device_name(device),
        "host": describe(torch.device("cpu")),
        "python": platform.python_version(),
        "versions": versions(),
        "cuda": torch.version.cuda if device.type == "cuda" else None,
        "driver": driver() if device.type == "cuda" else None,
        "threads": torch.get_num_threads(),
        "sources": sources_digest(),
        **(git_state() if commit is None else {"commit": commit, "dirty": None}),
    }


def now() -> str:
    """The time in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def load() -> list[float] | None:
    """The machine's load over 1, 5 and 15 minutes, where the system tells it."""
    return [round(value, 2) for value in os.getloadavg()] if hasattr(os, "getloadavg") else None


def device_name(device: torch.device) -> str:
    """The device as its maker calls it."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else describe(device)


def versions() -> dict[str, str | None]:
    """The installed version of each library that takes part; torch's own words tell which build it is."""
    return {name: _version(name) for name in LIBRARIES} | {"torch": torch.__version__}


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def driver() -> str | None:
    """The version of the device's driver, where its tool tells it."""
    told = _output("nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader")
    return told.splitlines()[0].strip() if told else None


def git_state() -> dict[str, Any]:
    """The commit and whether the tree differs from it; both None outside a checkout."""
    commit = _output("git", "rev-parse", "HEAD")
    if commit is None:
        return {"commit": None, "dirty": None}
    changed = (_output("git", "status", "--porcelain") or "").splitlines()
    # what benchmarks write must not make the next one look like other code
    ours = [line for line in changed if not re.search(r"^.. benchmarks/results/", line)]
    return {"commit": commit, "dirty": bool(ours)}


def sources_digest() -> str:
    """A hash of the files that decide what runs, so that two dirty trees can be told apart."""
    found = hashlib.sha256()
    for room in SOURCES:
        for path in sorted((ROOT / room).rglob("*")):
            if path.suffix in CODE and RESULTS not in path.parents:
                found.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return found.hexdigest()[:16]


def _output(*command: str) -> str | None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    except OSError:
        return None
    # not `strip`: a line of `git status` may begin with a space that counts
    return done.stdout.rstrip() if done.returncode == 0 else None
