"""The site in a real browser, from the file system: search, filter, sort, open, compare, deep links, no request."""

import shutil
from contextlib import contextmanager

import pytest

from reports.site import write

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
BROWSER = next(filter(None, map(shutil.which, NAMES)), None)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(BROWSER is None, reason=f"needs Chromium (one of {', '.join(NAMES)} on the PATH)"),
]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return write(tmp_path_factory.mktemp("site"))[0].parent


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield opened
        opened.close()


@contextmanager
def opened(browser, site, page, width=1000):
    """A page of the site; on leaving it, nothing was logged as an error and nothing was asked of a host."""
    tab = browser.new_page(viewport={"width": width, "height": 900})
    said, asked = [], []
    tab.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    tab.on("pageerror", lambda error: said.append(str(error)))
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(f"{site.as_uri()}/{page}")
    try:
        yield tab
        assert said == []
        assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    finally:
        tab.close()


def shown(tab):
    return tab.eval_on_selector_all("#entries tbody tr:not([hidden])", "rows => rows.map(row => row.id)")


def test_search_narrows_the_list_and_says_how_many_are_left(browser, site):
    with opened(browser, site, "index.html") as tab:
        tab.fill("#q", "roberta prelayernorm")
        assert "roberta-prelayernorm" in shown(tab)
        assert tab.inner_text("#found") == f"{len(shown(tab))} entr{'y' if len(shown(tab)) == 1 else 'ies'}"
        tab.fill("#q", "no such thing anywhere")
        assert shown(tab) == []
        assert tab.is_visible("#none")


def test_filters_combine_and_can_be_cleared(browser, site):
    with opened(browser, site, "index.html") as tab:
        every = len(shown(tab))
        tab.click("#more summary")
        tab.select_option("#f-stack", "encoder_decoder")
        tab.select_option("#f-position", "t5_bucket")
        assert {"t5", "mt5"} <= set(shown(tab))
        assert "bart" not in shown(tab)
        tab.fill("#f-least", "100M")
        tab.fill("#f-most", "400M")
        tab.fill("#f-lab", "google")
        assert 0 < len(shown(tab)) < every
        tab.click("button[type=reset]")
        tab.wait_for_function(f"document.querySelectorAll('#entries tbody tr:not([hidden])').length === {every}")


def test_columns_sort_both_ways_and_say_so(browser, site):
    with opened(browser, site, "index.html") as tab:
        tab.click("button[data-key=params]")
        tab.click("button[data-key=params]")
        numbers = tab.eval_on_selector_all(
            "#entries tbody tr", "rows => rows.map(row => Number(row.dataset.params)).filter(Boolean)"
        )
        assert numbers == sorted(numbers, reverse=True)
        assert tab.get_attribute("th:has(> button[data-key=params])", "aria-sort") == "descending"


def test_a_deep_link_restores_the_filters_and_the_order(browser, site):
    with opened(browser, site, "index.html#q=gemma&norm=rms_norm&sort=-date") as tab:
        assert tab.input_value("#q") == "gemma"
        assert tab.input_value("#f-norm") == "rms_norm"
        dates = tab.eval_on_selector_all(
            "#entries tbody tr:not([hidden]) td:nth-child(3)", "cells => cells.map(cell => cell.textContent)"
        )
        assert len(dates) > 1
        assert dates == sorted(dates, reverse=True)


def test_picked_entries_are_compared_side_by_side_with_differences_marked(browser, site):
    with opened(browser, site, "index.html") as tab:
        for name in ("gpt-2", "llama"):
            tab.check(f"#entries input[value='{name}']")
        tab.click("#compare")
        tab.wait_for_selector("table.sides")
        marked = tab.eval_on_selector_all(
            "tr.differs", "rows => Object.fromEntries(rows.map(r => [r.cells[0].textContent, r.cells[2].textContent]))"
        )
        assert marked["decoder.norm.kind"] == "rms_norm"
        assert "gpt-2,llama" in tab.url


def test_an_entry_opens_by_keyboard(browser, site):
    with opened(browser, site, "index.html#q=electra") as tab:
        tab.focus("#entries tbody tr:not([hidden]) th a")
        tab.keyboard.press("Enter")
        tab.wait_for_url("**/entry/**")
        assert "ELECTRA" in tab.inner_text("h1")


def test_the_tree_shows_a_family_alone(browser, site):
    with opened(browser, site, "tree.html#bart") as tab:
        lit = tab.eval_on_selector_all(".node:not(.dim)", "nodes => nodes.map(node => node.dataset.id)")
        assert {"transformer", "bart", "mbart"} <= set(lit)
        assert "llama" not in lit
        assert "descendants" in tab.inner_text("#told")


@pytest.mark.parametrize("width", [400, 1000, 1600])
@pytest.mark.parametrize(
    "page", ["index.html", "entry/t5.html", "compare.html#bert,gpt-2,t5", "axes.html", "tree.html"]
)
def test_every_page_fits_its_window(browser, site, page, width):
    with opened(browser, site, page, width) as tab:
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
