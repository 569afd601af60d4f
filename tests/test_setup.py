"""What a newcomer touches first: the metadata, the pinned versions, and the environment script."""

import importlib.metadata
import importlib.util
import json
import re
import subprocess
import sys
import zipfile

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from repository import ROOMS, ROOT, tracked_files


@pytest.fixture
def environment():
    spec = importlib.util.spec_from_file_location("environment", ROOT / "tools" / "environment.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def pinned() -> dict[str, Requirement]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    found = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(requirement.name): requirement for requirement in found}


def needed(name: str, extras: frozenset[str], seen: set[tuple[str, str]]) -> None:
    """Collects the installed distributions that `name[extras]` brings, itself included."""
    for extra in extras or {""}:
        key = (canonicalize_name(name), extra)
        if key in seen:
            continue
        seen.add(key)
        for text in importlib.metadata.requires(name) or []:
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
                needed(requirement.name, frozenset(requirement.extras) | {""}, seen)


def test_every_package_that_an_install_brings_has_an_exact_version():
    seen: set[tuple[str, str]] = set()
    needed("bestiary", frozenset({"", "test"}), seen)
    unpinned = {name for name, _ in seen} - set(pinned()) - {"bestiary", "setuptools"}
    # CUDA's libraries come with torch's build for it, at the versions that build asks for
    assert not {name for name in unpinned if not name.startswith(("nvidia-", "cuda-", "triton"))}
    assert all(str(requirement.specifier).startswith("==") for requirement in pinned().values())


def test_the_pinned_versions_satisfy_the_declared_ranges():
    for text in importlib.metadata.requires("bestiary") or []:
        requirement = Requirement(text)
        if requirement.marker is None and (pin := pinned().get(canonicalize_name(requirement.name))):
            assert requirement.specifier.contains(str(pin.specifier).removeprefix("==")), text


def test_a_wheel_carries_every_file_of_the_packages(tmp_path):
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        names = set(wheel.namelist())
    assert not {name for name in tracked_files() if name.startswith(tuple(f"{room}/" for room in ROOMS))} - names


def test_an_environment_made_from_the_same_files_is_left_alone(environment, tmp_path, monkeypatch):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").touch()
    stamp = {"key": environment.stamp_key(""), "extras": ["test"]}
    environment.stamp_path(tmp_path).write_text(json.dumps(stamp))
    monkeypatch.setattr(environment, "create", lambda venv: pytest.fail("the environment was made again"))
    for arguments in ([], ["--extra", "test"]):
        monkeypatch.setattr(sys, "argv", ["environment.py", "--venv", str(tmp_path), *arguments])
        environment.main()


def test_an_environment_that_lacks_an_extra_is_completed_with_what_it_had(environment, tmp_path, monkeypatch):
    asked = []
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").touch()
    environment.stamp_path(tmp_path).write_text(json.dumps({"key": environment.stamp_key(""), "extras": ["hpo"]}))
    monkeypatch.setattr(environment, "create", lambda venv: None)
    monkeypatch.setattr(environment, "install", lambda venv, extras, index: asked.append(extras))
    monkeypatch.setattr(sys, "argv", ["environment.py", "--venv", str(tmp_path), "--extra", "test"])
    environment.main()
    assert asked == [["hpo", "test"]]


def test_a_registry_that_does_not_answer_is_named(environment, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(
        environment, "stream", lambda command: (1, ["NewConnectionError: Failed to establish a new connection"])
    )
    with pytest.raises(SystemExit, match="registry could not be reached"):
        environment.install(tmp_path, [], "")
    assert "NewConnectionError" in capsys.readouterr().err


def test_a_python_without_venv_is_told_what_to_install(environment, monkeypatch):
    monkeypatch.setattr(environment.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SystemExit, match="python3-venv"):
        environment.check_python()


def test_make_says_which_python_is_too_old(tmp_path):
    old = tmp_path / "old-python"
    old.write_text("#!/bin/sh\n[ \"$1\" = --version ] && echo 'Python 3.8.18' && exit 0\nexit 1\n")
    old.chmod(0o755)
    done = subprocess.run(["make", f"PYTHON={old}", "demo"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "Python 3.11 or newer is needed" in done.stdout + done.stderr
    assert "3.8.18" in done.stdout + done.stderr


def test_make_says_when_there_is_no_python():
    done = subprocess.run(
        ["make", "PYTHON=no-such-python", "demo"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "make PYTHON=" in done.stdout + done.stderr


def test_the_hooks_are_local():
    assert set(re.findall(r"repo: (\S+)", (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))) == {"local"}
