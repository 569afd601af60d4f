"""The page of a report: nothing is loaded, everything is there, every number leads to its runs."""

import itertools
import re
from html.parser import HTMLParser

import pytest

import reports
from report_fixture import write_ledger

VOID = {"meta", "link", "br", "img", "hr", "input"}
LOADING = {"src", "srcset", "data", "poster", "action", "formaction", "background"}


class Page(HTMLParser):
    """Tags with their attributes, the text, and whether tags close in order."""

    def __init__(self, path):
        super().__init__()
        self.source = path.read_text(encoding="utf-8")
        self.folder = path.parent
        self.tags, self.text, self.open = [], [], []
        self.feed(self.source)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("style", "script"):
            self.text.append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def ids(self):
        return [attributes["id"] for _, attributes in self.tags if "id" in attributes]

    @property
    def words(self):
        return " ".join(" ".join(self.text).split())


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder, root = write_ledger(tmp_path_factory.mktemp("runs"))
    return folder, root, reports.write(folder, root)


@pytest.fixture(scope="module")
def page(written):
    return Page(written[2])


def test_the_page_lies_in_the_sweeps_folder(written):
    folder, _, path = written
    assert path == folder / "report" / "index.html"


def test_nothing_is_loaded_from_anywhere(page):
    for tag, attributes in page.tags:
        assert not LOADING & set(attributes), (tag, attributes)
        assert tag not in ("iframe", "object", "embed", "img", "base")
    assert all(link["href"] == "data:," for link in page.all("link"))
    assert not re.search(r"url\((?!#)|@import", page.source)
    assert "default-src 'none'" in page.source


def test_links_lead_to_places_of_the_page_or_files_beside_it(page):
    links = [attributes["href"] for attributes in page.all("a")]
    assert len(links) > 100
    for link in links:
        if link.startswith("#"):
            assert link[1:] in page.ids, link
        else:
            assert (page.folder / link).is_file(), link


def test_references_inside_figures_are_whole_and_ids_stand_once(page):
    assert len(page.ids) == len(set(page.ids))
    used = re.findall(r"url\(#([^)]+)\)", page.source) + [use["href"][1:] for use in page.all("use")]
    assert used
    assert set(used) <= set(page.ids)


def test_every_run_is_listed_under_its_id(written, page):
    _, root, _ = written
    for run in (root / "store").iterdir():
        assert sum(identifier.endswith(f"-run-{run.name}") for identifier in page.ids) == 1


def test_means_and_rates_lead_to_the_runs_behind_them(page):
    links = {attributes["href"] for attributes in page.all("a")}
    for purpose in ("reporting", "tuning"):
        assert f"#grapheme-to-phoneme-3-{purpose}" in links
    assert "#grapheme-to-phoneme-0-aa" in links


def test_verdicts_come_first_and_in_the_words_of_the_comparison(page):
    assert page.words.index("post-ln is worse than pre-ln by") < page.words.index("Mean held-out loss in nats per byte")
    assert "transformer-pre-ln and transformer are a tie" in page.words
    assert "encoder-decoder is the same as encoder within the declared margin" in page.words


def test_the_estimand_stands_before_any_result(page):
    assert page.words.index("What is estimated") < page.words.index("At a glance")


@pytest.mark.parametrize(
    "said",
    [
        "untuned, 3e-2",
        "4 of 5, 1 diverged",
        "torch.OutOfMemoryError: out of memory at batch_size 128",
        "ValueError: window is 0 (allowed: >= 1)",
        "loss not finite or above the trivial baseline",
        "unigram (trivial)",
        "majority (trivial)",
        "105 runs: 101 done, 2 diverged, 1 with an error, 1 out of memory",
        "91a7" * 4,
        "c0de" * 4,
        "This task does not break its loss down",
        "Matched: 99 840 non-embedding parameters",
        "of 105 runs 12 were taken over from the ledger, 91 computed, 2 failed",
        "1 000 × 8",
    ],
)
def test_the_page_says(page, said):
    assert said in page.words.replace("\u202f", " ")


def test_headings_descend_without_gaps_and_tables_have_captions(page):
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    assert len(page.all("caption")) == len(page.all("table"))
    assert all(cell.get("scope") for cell in page.all("th"))
    assert page.all("html")[0]["lang"] == "en"


def test_every_picture_has_a_text_or_is_decoration(page):
    figures = [svg for svg in page.all("svg") if svg.get("role") == "img"]
    assert len(figures) == 4 + 4 + 3
    for svg in page.all("svg"):
        assert svg.get("aria-hidden") == "true" or set(svg["aria-labelledby"].split()) <= set(page.ids)


def test_tables_that_scroll_can_be_reached_by_keyboard(page):
    boxes = [box for box in page.all("div") if box.get("class") == "scroll"]
    assert len(boxes) == len(page.all("table"))
    assert all(box["tabindex"] == "0" and box["aria-labelledby"] in page.ids for box in boxes)


def test_colours_of_arms_and_text_stand_out_in_both_modes(page):
    modes = re.findall(r":root \{(.*?)\}", page.source, flags=re.S)[:2]
    for mode in modes:
        colours = dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6})", mode))
        for name in ("ink", "muted", "link"):
            assert contrast(colours[name], colours["paper"]) >= 4.5, name
        for name in (f"arm-{n}" for n in range(1, 7)):
            assert contrast(colours[name], colours["paper"]) >= 3, name
        assert contrast(colours["warn"], colours["warn-back"]) >= 4.5


def contrast(one, other):
    """The ratio of WCAG 2.2, https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
