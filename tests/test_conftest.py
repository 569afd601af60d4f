"""The suite's own promises: what was measured or not run is named, an unexpected skip fails where CI=true."""

import subprocess
import sys

import pytest

from repository import ROOT

SKIPPING = """
import pytest

def test_passes(record_property):
    record_property("share", 0.95)

@pytest.mark.skip(reason="{reason}")
def test_skipped():
    pass
"""


def run_suite(tmp_path, reason, ci):
    (tmp_path / "conftest.py").write_text((ROOT / "tests" / "conftest.py").read_text(encoding="utf-8"))
    (tmp_path / "test_one.py").write_text(SKIPPING.format(reason=reason))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--rootdir={tmp_path}", str(tmp_path)]
    environment = {"CI": "true" if ci else "", "PATH": "", "HOME": str(tmp_path)}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=tmp_path)


@pytest.mark.parametrize(
    ("reason", "ci", "code"), [("forgotten", True, 1), ("forgotten", False, 0), ("needs CUDA", True, 0)]
)
def test_a_skip_is_named_and_fails_in_ci_unless_it_is_allowed(tmp_path, reason, ci, code):
    done = run_suite(tmp_path, reason, ci)
    assert done.returncode == code, done.stdout
    assert f"{reason}: 1" in done.stdout
    assert "1 passed, 1 skipped" in done.stdout
    assert "share: 0.95\n" in done.stdout
