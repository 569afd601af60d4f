"""Make or refresh the virtual environment that the Makefile's targets run in; standard library only.

A stamp in the environment holds the hash of everything that decides its content, so a second call returns at once.
"""

import argparse
import hashlib
import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ("pyproject.toml", "constraints.txt")
OLDEST = (3, 11)
NO_ANSWER = re.compile(
    r"NewConnectionError|Failed to establish|Name or service not known|name resolution|ReadTimeout|ConnectTimeout"
    r"|ProxyError|SSLError|No matching distribution found for hatchling",
    re.IGNORECASE,
)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--venv", type=Path, default=ROOT / ".venv")
    parser.add_argument("--extra", action="append", default=[], help="an extra of pyproject.toml; may be repeated")
    parser.add_argument("--torch-index", default="", help="where to look for torch first, for example its CPU builds")
    wanted = parser.parse_args()
    check_python()
    key = stamp_key(wanted.torch_index)
    done = read_stamp(wanted.venv)
    if done.get("key") == key and set(wanted.extra) <= set(done["extras"]):
        return
    extras = sorted({*wanted.extra, *done.get("extras", [])})
    create(wanted.venv)
    install(wanted.venv, extras, wanted.torch_index)
    stamp_path(wanted.venv).write_text(json.dumps({"key": key, "extras": extras}) + "\n", encoding="utf-8")


def check_python() -> None:
    """Refuse an interpreter that is too old or cannot make environments."""
    if sys.version_info < OLDEST:
        fail(
            f"Python {'.'.join(map(str, OLDEST))} or newer is needed, this is {sys.version.split()[0]}.",
            "Name a newer one: make PYTHON=python3.12 ...",
        )
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        fail(
            f"{sys.executable} has no venv module or no ensurepip.",
            "On Debian and Ubuntu: apt install python3-venv. Elsewhere name another Python: make PYTHON=...",
        )


def stamp_key(torch_index: str) -> str:
    parts = [str(ROOT), sys.version, torch_index, *((ROOT / name).read_text(encoding="utf-8") for name in SOURCES)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def stamp_path(venv: Path) -> Path:
    return venv / "bestiary.json"


def read_stamp(venv: Path) -> dict[str, Any]:
    """What the environment was made from; empty when there is none, or it was cut short."""
    try:
        stamp = json.loads(stamp_path(venv).read_text(encoding="utf-8"))
        return stamp if isinstance(stamp, dict) and (venv / "bin" / "python").exists() else {}
    except (OSError, ValueError):
        return {}


def create(venv: Path) -> None:
    """An empty environment of this interpreter's version; one of another version is replaced."""
    stamp_path(venv).unlink(missing_ok=True)
    version = f"version = {sys.version.split()[0]}"
    config = venv / "pyvenv.cfg"
    same = config.exists() and version in config.read_text(encoding="utf-8").splitlines()
    command = [sys.executable, "-m", "venv", *([] if same else ["--clear"]), str(venv)]
    if subprocess.run(command, check=False).returncode:
        fail(f"The environment {venv} could not be made.", "The lines above say why: a full or read-only disk?")


def install(venv: Path, extras: list[str], torch_index: str) -> None:
    target = f"{ROOT}[{','.join(extras)}]" if extras else str(ROOT)
    pip = [str(venv / "bin" / "python"), "-m", "pip", "install", "--disable-pip-version-check", "--progress-bar", "off"]
    index = ["--extra-index-url", torch_index] if torch_index else []
    print(f"Installing into {venv} (about 1.5 GB, a minute or two) ...", flush=True)
    code, tail = stream([*pip, *index, "-c", str(ROOT / "constraints.txt"), "-e", target])
    if code:
        print("\n".join(tail), file=sys.stderr)
        if NO_ANSWER.search("\n".join(tail)):
            fail(
                "The package registry could not be reached.",
                "Check the network, or name a mirror: PIP_INDEX_URL=https://... make ...",
            )
        fail(f"pip ended with exit code {code}.", "Its last lines are above; then run the same command again.")


def stream(command: list[str]) -> tuple[int, list[str]]:
    """Run pip, show on a terminal which package it is at, and keep its last lines for an error message."""
    lines: list[str] = []
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment) as pip:
        assert pip.stdout is not None
        for line in pip.stdout:
            lines = [*lines[-39:], line.rstrip()]
            if sys.stdout.isatty():
                print(f"\r\033[K  {line.strip()[:100]}", end="", flush=True)
    if sys.stdout.isatty():
        print("\r\033[K", end="", flush=True)
    return pip.returncode, lines


def fail(problem: str, remedy: str) -> NoReturn:
    sys.exit(f"error: {problem}\n       {remedy}")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
    except OSError as error:
        fail(f"{error.strerror}: {error.filename}", "Is the disk full or the folder read-only?")
