"""Atomic writes, torn lines and canonical JSON."""

import errno
import os

import pytest

from harness.ledger import StorageFault, canonical, run_id
from harness.ledger.errors import BadLedger
from harness.ledger.files import append_line, read_json, read_lines, write_json


def test_ids_do_not_depend_on_the_order_of_keys():
    assert run_id({"a": 1, "b": [1.5, None]}) == run_id({"b": [1.5, None], "a": 1})
    assert run_id({"a": 1}) != run_id({"a": 2})


def test_a_text_that_was_moved_is_the_same_run_and_another_text_another():
    def spec(place, content):
        own = {"task": {"kind": "lm", "data": place, "first": {"data": place}}, "data": content}
        return {**own, "init_from": dict(own)}

    assert run_id(spec("here/book.txt", "f00")) == run_id(spec("/there/book.txt", "f00"))
    assert run_id(spec("book.txt", "f00")) != run_id(spec("book.txt", "f01"))
    # without a digest the name is all that is known
    assert run_id({"task": {"data": "a"}}) != run_id({"task": {"data": "b"}})


def test_canonical_text_refuses_what_json_cannot_hold():
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical({"loss": float("nan")})


def test_records_hold_null_for_a_number_that_is_not_finite(tmp_path):
    write_json(tmp_path / "r.json", {"loss": float("inf"), "by": [float("nan"), 1.0]})
    assert read_json(tmp_path / "r.json") == {"loss": None, "by": [None, 1.0]}


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EDQUOT])
def test_a_disk_that_refuses_leaves_the_old_file_and_no_litter(tmp_path, monkeypatch, code):
    path = tmp_path / "state.json"
    write_json(path, {"step": 1})

    def refuse(descriptor):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(StorageFault, match=r"cannot write .*state\.json.*run the same command again"):
        write_json(path, {"step": 2})
    assert read_json(path) == {"step": 1}
    assert [p.name for p in tmp_path.iterdir()] == ["state.json"]


def test_the_last_line_torn_by_a_crash_is_passed_over_and_closed(tmp_path):
    path = tmp_path / "events.jsonl"
    append_line(path, {"event": "one"})
    with path.open("a") as file:
        file.write('{"event": "tor')
    assert read_lines(path) == [{"event": "one"}]
    append_line(path, {"event": "two"})
    assert [line["event"] for line in read_lines(path)] == ["one", "two"]


def test_a_damaged_record_is_named(tmp_path):
    (tmp_path / "plan.json").write_text('{"name": ')
    with pytest.raises(BadLedger, match=r"plan\.json is not valid JSON"):
        read_json(tmp_path / "plan.json")
