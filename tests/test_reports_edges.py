"""Reports of sweeps that are unfinished, tiny, huge, failed or named with malice."""

import json
import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser

import pytest

import reports
from harness.ledger import BadLedger, StorageFault
from report_fixture import DEMOS, Arm, write_ledger
from reports.anchors import slug

LANGUAGE, SPELLING, FAMILIES = DEMOS
HOSTILE = {
    "base<script>alert(1)</script>": Arm(1.9, 2),
    "a\"b'c&d </td></table>": Arm(1.8, 1),
    r"$x_1^{2 | \textbf{z}": Arm(2.0, 2),
    "_underscore": Arm(2.0, 1),
    "naïve 模型 🦙": Arm(2.0, 1),
    "w" * 200: Arm(2.0, 1),
}


def all_in(arms, kind, count):
    return {name: replace(arm, broken={(kind, n): "diverged" for n in range(count)}) for name, arm in arms.items()}


def write(tmp_path, *demos, **options):
    folder, root = write_ledger(tmp_path / "runs", demos, **options)
    return reports.write(folder, root).read_text(encoding="utf-8")


def test_a_sweep_that_was_not_compared_yet_says_so_and_shows_its_runs(tmp_path):
    page = write(tmp_path, LANGUAGE, compared=False)
    assert "Not compared yet" in page
    assert "So far: 22 done, 1 diverged" in page
    assert "No difference to show yet" in page
    assert page.count("<figure") == 4
    assert 'id="norm-placement-learning-curves-title"' in page


def test_a_plan_without_any_run_has_a_page(tmp_path):
    folder, root = write_ledger(tmp_path / "runs", (LANGUAGE,), compared=False)
    (folder / "runs.json").unlink()
    page = reports.write(folder, root).read_text()
    assert "Not compared yet" in page
    assert "no runs yet" in page


def test_runs_that_were_planned_but_never_started_are_listed_and_the_table_is_called_incomplete(tmp_path):
    folder, root = write_ledger(tmp_path / "runs", (LANGUAGE,))
    rows = json.loads((folder / "runs.json").read_text())
    missing = [row["id"] for row in rows if row["purpose"] == "reporting"][:2]
    for identifier in missing:
        for path in (root / "store" / identifier).iterdir():
            path.unlink()
        (root / "store" / identifier).rmdir()
    page = reports.write(folder, root).read_text()
    assert "Not complete" in page
    assert "2 not started" in page
    assert all(f"-run-{identifier}" in page for identifier in missing)


def test_an_interrupted_run_is_listed_as_such(tmp_path):
    folder, root = write_ledger(tmp_path / "runs", (LANGUAGE,))
    row = next(row for row in json.loads((folder / "runs.json").read_text()) if row["purpose"] == "reporting")
    (root / "store" / row["id"] / "state.json").write_text('{"state": "running", "step": 300}')
    page = reports.write(folder, root).read_text()
    assert "Not complete" in page
    assert "1 interrupted" in page


def test_a_folder_without_its_list_of_runs_takes_those_of_the_comparison(tmp_path):
    folder, root = write_ledger(tmp_path / "runs", (LANGUAGE,))
    whole = reports.write(folder, root).read_text()
    (folder / "runs.json").unlink()
    page = reports.write(folder, root, tmp_path / "out").read_text()
    assert page.count("-run-") == whole.count("-run-")


def test_one_seed_has_a_page_without_intervals(tmp_path):
    page = write(tmp_path, FAMILIES, seeds=1)
    assert "one seed: no interval" in page
    assert "over 1 reporting seed," in page
    assert not re.search(r"\bnan\b", page, re.I)


def test_a_table_whose_reporting_runs_all_diverged_has_a_page(tmp_path):
    page = write(tmp_path, replace(SPELLING, arms=all_in(SPELLING.arms, "reporting", 5)))
    assert "0 of 5, 5 diverged" in page
    assert "no claim" in page


def test_a_table_whose_tuning_all_diverged_has_a_page(tmp_path):
    page = write(tmp_path, replace(LANGUAGE, arms=all_in(LANGUAGE.arms, "tuning", 4)))
    assert "untuned" in page


def test_many_arms_fit(tmp_path):
    arms = {f"arm-{n}": Arm(2 + 0.01 * n, 1 + n % 2) for n in range(24)}
    page = write(tmp_path, replace(LANGUAGE, arms=arms), seeds=2)
    assert 'data-arm="23"' in page
    assert ".arm:not(.arm-23)" in page


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    demo = replace(LANGUAGE, id='../../etc/"x y"', title="</title><img src=x onerror=alert(1)>", arms=HOSTILE)
    demos = (demo, replace(demo, id="../../etc/'x y'"))
    return reports.write(*write_ledger(tmp_path_factory.mktemp("hostile") / "runs", demos, seeds=2))


def test_hostile_names_stay_text(hostile):
    source = hostile.read_text(encoding="utf-8")
    found = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attributes: found.append((tag, dict(attributes)))
    parser.feed(source)
    tags = [tag for tag, _ in found]
    assert "img" not in tags
    assert tags.count("script") == 1
    assert tags.count("title") == 1 + 2 * 4
    assert not [name for _, attributes in found for name in attributes if name.startswith("on")]
    words = unescape(source)
    assert all(name in words for name in HOSTILE)


def test_hostile_names_make_no_path(hostile):
    report = hostile.parent
    names = [path.relative_to(report) for path in report.rglob("*") if path.is_file()]
    assert len({name for name in names if name.name.endswith("-tiers.csv")}) == 2
    assert all(len(name.parts) <= 2 and name.name.isascii() and " " not in name.name for name in names)
    assert {path.name for path in report.parent.iterdir()} == {
        "plan.json",
        "runs.json",
        "counts.json",
        "comparison.json",
        "report",
    }


def test_slugs_keep_safe_names_and_keep_others_apart():
    assert slug("pre-ln.v2") == "pre-ln.v2"
    others = ["a b", "a/b", "..", "", "é", "a" * 100]
    assert len({slug(text) for text in others}) == len(others)
    assert all(slug(text) not in (".", "..", "") and len(slug(text)) < 80 for text in others)


def test_a_folder_that_is_no_sweep_is_refused_by_name(tmp_path):
    with pytest.raises(BadLedger, match=r"nowhere holds no plan.json"):
        reports.write(tmp_path / "nowhere", tmp_path)


def test_a_plan_that_is_no_json_is_refused_by_name(tmp_path):
    folder, root = write_ledger(tmp_path / "runs", (LANGUAGE,))
    (folder / "plan.json").write_text("{")
    with pytest.raises(BadLedger, match=r"plan\.json is not valid JSON"):
        reports.write(folder, root)


def test_a_place_that_cannot_be_written_is_a_storage_fault(tmp_path):
    folder, root = write_ledger(tmp_path / "runs", (LANGUAGE,))
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageFault, match="cannot write"):
        reports.write(folder, root, tmp_path / "file" / "report")
