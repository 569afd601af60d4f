"""Where the tests find the repository and what git tracks in it."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("catalog", "variants", "harness", "reports", "bestiary")  # an arrow points to the left, never to the right


def tracked_files() -> list[str]:
    """The paths of the tracked files that are there, from the root."""
    listing = subprocess.run(["git", "ls-files"], capture_output=True, text=True, cwd=ROOT, check=False)
    if listing.returncode:
        pytest.skip("needs git: compared with the tracked files")
    return [name for name in listing.stdout.splitlines() if (ROOT / name).exists()]
