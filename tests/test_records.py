"""Every record that the catalog was made from has its entry, and the comparison with records finds what is amiss."""

import subprocess
import sys

import pytest

from catalog.entries import Catalog
from repository import ROOT

IDS = (ROOT / "tests" / "record_ids.txt").read_text(encoding="utf-8").split()
RECORD = "{id: gpt-2, name: GPT-2, family: decoder, date: 2019-02, lab: OpenAI, extends: gpt, params: [1.5B]"


def compared(folder, *records):
    file = folder / "records.yaml"
    file.write_text("models:\n" + "".join(f"  - {record}\n" for record in records))
    command = [sys.executable, "tools/compare_with_records.py", str(file)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)


def test_every_record_has_an_entry_under_its_id():
    known = Catalog().sources
    assert len(IDS) == len(set(IDS)) == 219
    assert [name for name in IDS if name not in known] == []


def test_most_records_can_be_built_and_the_others_say_why_not():
    known = Catalog()
    unbuilt = [name for name in known.sources if not known.entry(name).model]
    assert all(known.raw(name).get("not_built") for name in unbuilt)
    assert len(set(IDS) - set(unbuilt)) > 110


def test_a_record_that_agrees_needs_no_reason(tmp_path):
    done = compared(tmp_path, RECORD + ", buildable_as_text_transformer: true}")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "0 without a reason"


@pytest.mark.parametrize(
    ("record", "told"),
    [
        ("{id: gpt-22, family: decoder}", "gpt-22: entry: record 'gpt-22', here None: NO REASON"),
        (RECORD.replace("2019-02", "2019-03") + "}", "gpt-2: date: record '2019-03', here '2019-02': NO REASON"),
        (RECORD.replace("1.5B", "2.5B") + "}", "gpt-2: sizes: record '2.5B', here ["),
        (RECORD.replace("gpt,", "bert,") + "}", "gpt-2: descent: record 'bert', here 'gpt': NO REASON"),
    ],
)
def test_a_record_that_disagrees_is_told_and_ends_with_one(tmp_path, record, told):
    done = compared(tmp_path, record)
    assert done.returncode == 1
    assert told in done.stdout
    assert done.stdout.splitlines()[-1].endswith("without a reason")
