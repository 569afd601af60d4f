"""What a sweep records of where it was launched from."""

import subprocess

import pytest

from harness import origin
from harness.ledger.files import read_lines
from harness.sweepfolder import SweepFolder


@pytest.fixture
def clone(tmp_path, monkeypatch):
    """A clone with one committed file."""
    root = tmp_path / "clone"
    root.mkdir()
    (root / "part.py").write_text("one = 1\n")
    identity = ["-c", "user.name=test", "-c", "user.email=test@example.org"]
    for words in (["init", "-q"], ["add", "part.py"], [*identity, "commit", "-qm", "first"]):
        subprocess.run(["git", "-C", str(root), *words], check=True)
    monkeypatch.setattr(origin, "ROOT", root)
    return root


def logged(folder):
    folder.mkdir(exist_ok=True)
    SweepFolder(folder).log_origin()
    return read_lines(folder / "events.jsonl")[-1]


def test_a_clean_clone_is_named_by_its_commit(clone, tmp_path):
    told = logged(tmp_path / "sweep")
    assert len(told["commit"]) == 40
    assert told["diff"] is None
    assert told["packages"]["torch"]
    assert not list((tmp_path / "sweep").glob("*.diff"))


def test_what_was_changed_since_the_commit_is_kept_as_text(clone, tmp_path):
    (clone / "part.py").write_text("one = 2\n")
    told = logged(tmp_path / "sweep")
    (kept,) = (tmp_path / "sweep").glob("code-*.diff")
    assert kept.name == f"code-{told['diff']}.diff"
    assert "+one = 2" in kept.read_text()


def test_without_a_clone_versions_are_told_all_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(origin, "ROOT", tmp_path)
    told = logged(tmp_path / "sweep")
    assert (told["commit"], told["diff"]) == (None, None)
    assert told["python"]
