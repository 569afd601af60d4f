"""The files beside the page, and that they and the page are the same bytes every time."""

import csv
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import reports
from report_fixture import DEMOS, write_ledger
from reports.sheets.differences import seeds_text
from reports.sheets.files import csv_text, latex_text, markdown_text
from reports.sheets.sheet import Column, Sheet

COSTS = re.compile(r'<section id="costs".*?</section>', re.S)


@pytest.fixture(scope="module")
def ledger(tmp_path_factory):
    return write_ledger(tmp_path_factory.mktemp("runs"), DEMOS[1:2])


@pytest.fixture(scope="module")
def report(ledger):
    return reports.write(*ledger).parent


def files_of(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_each_figure_and_table_lies_beside_the_page(report):
    names = set(files_of(report))
    for plot in ("differences", "learning-curves", "learning-rates", "lengths"):
        assert {f"figures/grapheme-to-phoneme-{plot}.{ending}" for ending in ("svg", "png", "csv")} <= names
    for sheet in ("tiers", "differences", "budget", "runs", "failed"):
        assert {f"tables/grapheme-to-phoneme-{sheet}.{ending}" for ending in ("csv", "md", "tex")} <= names
    assert {"index.html", "tiers.csv", "costs.csv"} <= names


def test_the_same_ledger_gives_the_same_bytes_in_another_process(ledger, report, tmp_path):
    code = (
        "import sys, reports, pathlib\n"
        "reports.write(*map(pathlib.Path, sys.argv[1:]))\n"
        "assert not [name for name in ('torch', 'transformers', 'matplotlib.pyplot') if name in sys.modules]\n"
    )
    arguments = [sys.executable, "-c", code, *map(str, ledger), str(tmp_path / "again")]
    subprocess.run(arguments, check=True, env=os.environ | {"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo"})
    assert files_of(tmp_path / "again") == files_of(report)


def test_costs_change_their_section_and_their_file_only(ledger, report, tmp_path):
    _, root = ledger
    before = {path: path.read_text() for path in root.glob("store/*/costs.json")}
    try:
        for path, text in before.items():
            other = json.loads(text) | {"seconds": 99.5, "host": "host-b", "device": "NVIDIA H100", "resumes": 3}
            path.write_text(json.dumps(other))
        other = files_of(reports.write(*ledger, tmp_path / "other").parent)
    finally:
        for path, text in before.items():
            path.write_text(text)
    mine = files_of(report)
    assert other.keys() == mine.keys()
    assert {name for name in mine if mine[name] != other[name]} == {"index.html", "costs.csv"}
    pages = [found["index.html"].decode() for found in (mine, other)]
    assert [len(COSTS.findall(page)) for page in pages] == [1, 1]
    assert COSTS.sub("", pages[0]) == COSTS.sub("", pages[1])
    assert "99.5" in COSTS.findall(pages[1])[0]


def test_code_that_differs_between_runs_of_a_table_is_said(ledger, report, tmp_path):
    path = next(iter(ledger[1].glob("store/*/costs.json")))
    text = path.read_text()
    try:
        path.write_text(json.dumps(json.loads(text) | {"code_hash": "0ther"}))
        page = reports.write(*ledger, tmp_path / "mixed").read_text()
    finally:
        path.write_text(text)
    assert "Mixed code" in page
    assert "Mixed code" not in (report / "index.html").read_text()


def test_figures_hold_no_date_no_foreign_address_and_no_path(report):
    for path in (report / "figures").glob("*.svg"):
        text = path.read_text()
        assert set(re.findall(r"https?://[^\"'\s<]+", text)) <= {"http://www.w3.org/2000/svg"}
        assert "<title" in text
        assert "<desc" in text
        assert str(Path.home()) not in text


def test_csv_files_read_back_as_numbers(report):
    tiers = pd.read_csv(report / "tables/grapheme-to-phoneme-tiers.csv")
    assert {"arm", "tier", "mean", "low", "high", "n", "best_rate", "untuned", "phoneme_error_rate"} <= set(tiers)
    assert tiers["mean"].dtype == float
    curves = pd.read_csv(report / "figures/grapheme-to-phoneme-learning-curves.csv")
    assert curves.step.dropna().min() > 0
    assert set(pd.read_csv(report / "tiers.csv").table) == {"grapheme-to-phoneme"}


def sheet(*names):
    columns = [Column("arm", "Arm"), Column("loss", "Loss", numeric=True), Column("bar", "")]
    return Sheet("made-up", "", columns, [{"arm": name, "loss": 1.5} for name in names])


def test_markdown_and_latex_keep_hostile_names_in_their_cells():
    text = sheet(r"a|b <i> `c` [d](e)", "one\ntwo")
    lines = markdown_text(text).splitlines()
    assert lines[:2] == ["| Arm | Loss |", "| --- | ---: |"]
    assert lines[2] == r"| a\|b \<i\> \`c\` \[d\](e) | 1.5 |"
    assert lines[3] == "| one two | 1.5 |"
    table = latex_text(sheet(r"50 % & $x_1$ #\{}~^"))
    assert r"50 \% \& \$x\_1\$ \#\textbackslash{}\{\}\textasciitilde{}\textasciicircum{} & 1.5 \\" in table
    assert r"\begin{tabular}{lr}" in table


def test_seeds_that_nobody_will_run_are_said_as_such():
    assert [seeds_text(17, False), seeds_text(None, True), seeds_text(None, None)] == ["17", "over 100", "–"]


def test_csv_keeps_plain_values_and_leaves_pictures_out():
    rows = list(csv.reader(io.StringIO(csv_text(sheet('a,"b"', "c\nd")))))
    assert rows == [["arm", "loss"], ['a,"b"', "1.5"], ["c\nd", "1.5"]]
