"""The catalog's site: what it holds, that it points nowhere else, and that the same catalog gives the same bytes."""

import hashlib
import json
import re
from html import unescape
from pathlib import Path

import pytest

from catalog import index
from catalog.records import load_records
from report_fixture import write_ledger
from reports.numbers import short
from reports.site import write
from reports.site.collect import collect
from reports.site.diagram import diagram
from reports.site.family import families, years
from reports.site.libraries import libraries
from reports.site.results import results

LIMIT = 5_000_000  # bytes of the whole site


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("site")
    page, faults = write(place)
    assert page == place / "index.html"
    assert faults == []
    return place


@pytest.fixture(scope="module")
def site():
    return collect()


def read(folder, name):
    return (folder / name).read_text(encoding="utf-8")


def test_every_entry_has_a_row_and_a_page(folder):
    rows, text = index(), read(folder, "index.html")
    assert text.count("<tr data-id=") == len(rows)
    assert {page.name for page in (folder / "entry").iterdir()} == {
        f"{row['id'].replace('/', '--')}.html" for row in rows
    }


def test_a_page_holds_facts_blocks_counts_descent_citation_and_source(folder):
    text = read(folder, "entry/llama.html")
    for told in (
        "CommonCrawl",
        "6\u202f738\u202f415\u202f616",
        "decoder.ffn",
        'class="diagram"',
        "@misc{touvron2023llama",
    ):
        assert told in text
    assert re.search(r'href="gpt-2.html">GPT-2</a></li>.*<li aria-current="true"><b>LLaMA</b>', text)
    assert "kind: rms_norm" in text


def test_an_entry_that_is_not_built_says_why(folder):
    listed = next(row for row in index() if row.get("not_built"))
    assert unescape(read(folder, f"entry/{listed['id']}.html")).count(listed["not_built"]) >= 1


def test_every_axis_has_a_page_that_names_who_uses_each_kind(folder):
    for sort, kinds in load_records().items():
        text = read(folder, f"axis/{sort}.html")
        assert all(f'id="{kind}"' in text for kind in kinds)
    assert "../entry/bloom.html" in read(folder, "axis/position.html")


def test_every_link_leads_to_a_page_of_the_site_or_is_a_citation(folder):
    pages = sorted(folder.rglob("*.html"))
    for page in pages:
        for target in re.findall(r'(?:href|src)="([^"]*)"', page.read_text(encoding="utf-8")):
            if target.startswith(("http://", "https://", "data:", "#")):
                continue
            place = page.parent / target.partition("#")[0]
            assert place.is_file(), (page, target)


def test_nothing_is_loaded_from_elsewhere_and_the_whole_is_small(folder):
    for page in folder.rglob("*"):
        text = page.read_text(encoding="utf-8") if page.is_file() and page.parent.name != "vendor" else ""
        assert not re.search(r'<(?:script|img|iframe)[^>]+src="https?:|@import|url\(|fetch\(', text), page
    assert sum(page.stat().st_size for page in folder.rglob("*") if page.is_file()) < LIMIT


def test_the_same_catalog_gives_the_same_bytes(folder, tmp_path):
    write(tmp_path)
    for page in sorted(folder.rglob("*")):
        if page.is_file():
            assert (tmp_path / page.relative_to(folder)).read_bytes() == page.read_bytes()


def test_the_data_of_the_comparison_cannot_end_its_script(folder):
    text = read(folder, "data.js")
    assert "<" not in text
    keys, entries = (json.loads(line.partition(" = ")[2].rstrip(";")) for line in text.splitlines())
    llama = next(entry for entry in entries if entry["id"] == "llama")
    assert llama["model"][str(keys.index("decoder.norm.kind"))] == "rms_norm"
    assert llama["modules"][str(keys.index("embedding"))] == 131_072_000


OWN = {
    "hostile": """name: '</script><script>alert(1)</script>'
date: '2020-01'
lab: '</title><svg onload=alert(2)>'
change: '"><img src=x>'
paper: {title: '</title>', authors: ['<b>'], year: 2020, url: 'https://example.org'}
extends: gpt-2
model: {}
""",
    "unread": "name: [\n",
    "wrong": """name: Wrong
date: '2020-01'
paper: {title: T, authors: [A], year: 2020, url: 'javascript:alert(3)'}
extends: gpt-2
model: {}
""",
}


@pytest.fixture(scope="module")
def visited(tmp_path_factory):
    """The site of a catalog with entries of a user's own, one hostile and two wrong, and of a ledger."""
    place = tmp_path_factory.mktemp("visited")
    (place / "mine").mkdir()
    for name, text in OWN.items():
        (place / "mine" / f"{name}.yaml").write_text(text)
    (place / "my site").mkdir()
    (place / "my site" / "kept.txt").write_text("kept")
    _, ledger = write_ledger(place / "ledger")
    page, faults = write(place / "my site", user=place / "mine", ledger=ledger)
    return page.parent, faults


def test_a_hostile_entry_stays_text(visited):
    for name in ("index", "entry/hostile", "entry/gpt-2", "tree", "timeline", "compare"):
        text = read(visited[0], f"{name}.html")
        assert "alert(1)" in text
        assert "<script>alert" not in text
        assert "<svg onload" not in text
        assert "<img" not in text
    assert "<" not in read(visited[0], "data.js")


def test_entries_that_are_wrong_are_told_and_the_rest_is_written(visited):
    folder, faults = visited
    assert "hostile.yaml" not in "".join(faults)
    for name in ("unread.yaml", "wrong.yaml"):
        assert any(name in fault for fault in faults)
        assert name in read(folder, "index.html")
    assert not (folder / "entry" / "wrong.html").exists()
    assert "wrong.html" not in read(folder, "entry/gpt-2.html")


def test_other_files_of_the_folder_are_left_alone(visited):
    assert read(visited[0], "kept.txt") == "kept"


def test_comparisons_of_a_ledger_stand_on_the_pages_of_their_entries(visited):
    text = read(visited[0], "entry/post-ln.html")
    assert "In comparisons" in text
    assert "nats per byte" in text


def test_a_failed_seed_is_told_and_no_sentence_of_an_arm_with_a_longer_name(tmp_path):
    _, ledger = write_ledger(tmp_path)
    found = results(ledger)
    assert (found["rnn-encdec"][0].mean, found["rnn-encdec"][0].k_of_n) == (None, "4 of 5")
    assert [text.split(" (")[0] for text in found["decoder"][0].sentences] == ["No claim on decoder against encoder"]


def test_a_folder_that_is_no_ledger_is_refused(cli, tmp_path):
    answer = cli("site", tmp_path / "out", "--ledger", tmp_path)
    assert answer.code == 2
    assert "is no ledger" in answer.err
    assert not (tmp_path / "out").exists()


def test_every_entry_stands_once_in_the_tree_under_its_parent(site):
    found = []

    def walk(branch, parent):
        found.append((branch.entry.id, parent))
        for below in branch.branches:
            walk(below, branch.entry.id)

    for root in families(site):
        walk(root, None)
    assert sorted(found) == sorted((entry.id, entry.parent) for entry in site.entries)


def test_the_timeline_has_every_dated_entry_but_the_variants_the_latest_year_first(site):
    listed = [entry.id for entries in years(site).values() for entry in entries]
    assert sorted(listed) == sorted(entry.id for entry in site.entries if entry.row["year"] and entry.sort != "variant")
    assert list(years(site)) == sorted(years(site), reverse=True)


def test_each_library_is_the_file_it_is_said_to_be_and_its_licence_travels_along(folder):
    for library in libraries():
        assert library.licence_file in library.files
        for name, about in library.files.items():
            assert hashlib.sha256((folder / "vendor" / name).read_bytes()).hexdigest() == about["sha256"]
        assert "Permission is hereby granted" in read(folder, f"vendor/{library.licence_file}")
        assert f"{library.name} {library.version}" in read(folder, "index.html")


@pytest.mark.parametrize(
    ("count", "text"),
    [(None, "–"), (999, "999"), (124_439_808, "124M"), (6.74e9, "6.74B"), (999_600_000, "1B"), (1024, "1.02k")],
)
def test_counts_are_told_as_people_say_them(count, text):
    assert short(count) == text


def test_every_built_entry_can_be_drawn(site):
    drawn = [entry for entry in site.entries if entry.spec]
    assert len(drawn) > 120
    for entry in drawn:
        assert diagram(entry.spec, entry.card["name"]).count("<rect") >= 4


def test_the_command_writes_the_site(cli, tmp_path):
    answer = cli("site", tmp_path / "out")
    assert answer.code == 0
    assert Path(answer.out.strip()).is_file()
