"""The site in a real browser, from the file system: search, filter, sort, open, compare, deep links, no request."""

import re
import shutil
from contextlib import contextmanager
from functools import cache
from itertools import pairwise

import pytest

from catalog import index
from reports.site import write
from reports.site.collect import collect

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


def until(tab, expression):
    """Waits until an expression holds; asked from outside, for the pages' own policy forbids to evaluate inside."""
    for _ in range(100):
        if tab.evaluate(expression):
            return
        tab.wait_for_timeout(50)
    pytest.fail(f"{expression} does not hold after five seconds")


def shown(tab):
    return tab.eval_on_selector_all("#entries tbody tr[data-id]", "rows => rows.map(row => row.dataset.id)")


def column(tab, name):
    place = tab.eval_on_selector(f"#entries th[data-name={name}]", "head => head.cellIndex + 1")
    return tab.eval_on_selector_all(
        f"#entries tr > :nth-child({place})", "cells => cells.map(cell => cell.textContent)"
    )


def test_search_narrows_the_list_and_says_how_many_are_left(browser, site):
    with opened(browser, site, "index.html") as tab:
        tab.fill("#q", "roberta prelayernorm")
        assert "roberta-prelayernorm" in shown(tab)
        assert tab.inner_text("#found") == f"{len(shown(tab))} entr{'y' if len(shown(tab)) == 1 else 'ies'}"
        tab.fill("#q", "no such thing anywhere")
        assert shown(tab) == []
        assert "No entry fits" in tab.inner_text("#entries tbody")


def test_filters_combine_and_can_be_cleared(browser, site):
    with opened(browser, site, "index.html") as tab:
        every = len(shown(tab))
        tab.click("#more summary")
        tab.select_option("#f-stack", "encoder_decoder")
        tab.select_option("#f-position", "t5_bucket")
        assert {"t5", "mt5"} <= set(shown(tab))
        assert "bart" not in shown(tab)
        tab.fill("#f-parameters", "100M-400M")
        tab.fill("#f-year", "2019-2022")
        tab.fill("#f-lab", "google")
        assert {"t5"} <= set(shown(tab)) < {row["id"] for row in index()}
        tab.click("button[type=reset]")
        until(tab, f"document.querySelectorAll('#entries tbody tr').length === {every}")


@pytest.mark.parametrize(
    ("address", "conditions"),
    [
        ("#stack=decoder&trait=gqa", ["--stack", "decoder", "--trait", "gqa"]),
        ("#stack=baseline", ["--stack", "baseline"]),
        ("#year=-2018", ["--year", "-2018"]),
        ("#licence=MIT&norm=rms_norm", ["--licence", "MIT", "--filter", "norm=rms_norm"]),
        ("#parameters=100M-150M", ["--params", "100M-150M"]),
        ("#lab=facebook&list=model&year=2020-", ["--lab", "facebook", "--year", "2020-"]),
    ],
)
def test_the_filters_find_what_the_command_finds(browser, site, cli, address, conditions):
    rows = cli("list", *conditions, "--json").json
    told = {row["id"] for row in rows} & (of_sort("model") if "list=model" in address else {row["id"] for row in rows})
    with opened(browser, site, f"index.html{address}") as tab:
        assert set(shown(tab)) == told != set()


def test_a_link_with_a_choice_that_there_is_not_finds_nothing(browser, site):
    with opened(browser, site, "index.html#stack=trunk") as tab:
        assert shown(tab) == []


def of_sort(sort):
    return {entry.id for entry in entries() if entry.sort == sort}


@cache
def entries():
    return collect().entries


@pytest.mark.parametrize("text", ["20x9", "2021-2019"])
def test_a_range_that_is_none_is_told_and_left_aside(browser, site, text):
    with opened(browser, site, f"timeline.html#year={text}") as tab:
        assert f"“{text}” is no range" in tab.inner_text("#told")
    with opened(browser, site, f"index.html#year={text}") as tab:
        assert f"“{text}” is no range" in tab.inner_text("#found")
        assert len(shown(tab)) == len(index())


def test_columns_sort_both_ways_with_the_unknown_last_and_say_so(browser, site):
    with opened(browser, site, "index.html") as tab:
        for way in ("ascending", "descending"):
            tab.click("th[data-name=parameters]")
            tab.wait_for_selector(f"th[data-name=parameters][aria-sort={way}]")
            orders = tab.eval_on_selector_all("#entries td.number", "cells => cells.map(cell => cell.dataset.order)")
            known = [float(text) for text in orders if text]
            assert known == sorted(known, reverse=way == "descending")
            assert orders[: len(known)] == [text for text in orders if text]


def test_columns_can_be_chosen_and_the_address_keeps_them(browser, site):
    with opened(browser, site, "index.html") as tab:
        tab.click("#columns summary")
        tab.check("#columns input[value=cache]")
        tab.uncheck("#columns input[value=lab]")
        address = tab.url
    with opened(browser, site, address.rpartition("/")[2]) as tab:
        assert tab.is_visible("th[data-name=cache]")
        assert tab.locator("th[data-name=lab]").count() == 0


def test_a_deep_link_restores_the_filters_and_the_order(browser, site):
    with opened(browser, site, "index.html#q=gemma&norm=rms_norm&sort=-date") as tab:
        assert tab.input_value("#q") == "gemma"
        assert tab.input_value("#f-norm") == "rms_norm"
        dates = column(tab, "date")
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
        tab.focus("#entries tr[data-id=electra] th a")
        tab.keyboard.press("Enter")
        tab.wait_for_url("**/entry/**")
        assert "ELECTRA" in tab.inner_text("h1")


def test_the_tree_shows_a_family_alone(browser, site):
    with opened(browser, site, "tree.html#bart") as tab:
        kin = tab.eval_on_selector_all(".kin", "items => items.map(item => item.dataset.id)")
        assert {"transformer", "bart", "mbart"} <= set(kin)
        assert "llama" not in kin
        assert "1 ancestor, " in tab.inner_text("#told")
        assert tab.is_visible("[data-id=bart] > .row")


def test_branches_of_the_tree_open_and_close_by_mouse_and_by_keyboard(browser, site):
    with opened(browser, site, "tree.html") as tab:
        branch, child = "[data-id=gpt-2]", "[data-id=gpt-2] > ul > li"
        assert not tab.is_visible(f"{child} >> nth=0")
        tab.click(f"{branch} > .row > button")
        assert tab.is_visible(f"{child} >> nth=0")
        tab.focus(f"{branch} > .row > a")
        tab.keyboard.press("ArrowLeft")
        assert tab.get_attribute(f"{branch} > .row > button", "aria-expanded") == "false"
        tab.keyboard.press("ArrowLeft")
        assert tab.evaluate("document.activeElement.textContent") == "GPT"
        tab.keyboard.press("Space")
        assert tab.url.endswith("#gpt")
        tab.focus("[data-id=gpt] > .row > button")
        tab.keyboard.press("ArrowDown")
        assert tab.evaluate("document.activeElement.textContent") == "GPT-2"


def test_a_search_leaves_the_rows_it_finds_and_the_way_to_them(browser, site):
    with opened(browser, site, "tree.html") as tab:
        tab.fill("#who", "mbart")
        assert tab.is_visible("[data-id=mbart] > .row")
        assert tab.is_visible("[data-id=bart] > .row")
        assert not tab.is_visible("[data-id=llama] > .row")
        assert tab.locator(".met").count() >= 1


def test_the_timeline_tells_what_is_pointed_at_and_opens_it(browser, site):
    with opened(browser, site, "timeline.html#q=xlnet&year=2019") as tab:
        assert tab.inner_text("#told").startswith("1 shown")
        tab.focus("#chart")
        tab.keyboard.press("ArrowRight")
        assert "XLNet" in tab.inner_text("#tip")
        over = tab.locator(".u-over").bounding_box()
        place = tab.evaluate("[plot.valToPos(shown[0].x, 'x'), plot.valToPos(shown[0].y, 'y')]")
        tab.mouse.move(5, 5)
        tab.mouse.move(over["x"] + place[0] + 2, over["y"] + place[1] + 2)
        assert tab.is_visible("#tip")
        tab.mouse.down()
        tab.mouse.up()
        tab.wait_for_url("**/entry/xlnet.html")


def test_dragging_over_the_timeline_enlarges_it_and_opens_nothing(browser, site):
    span = "plot.scales.x.max - plot.scales.x.min"
    with opened(browser, site, "timeline.html") as tab:
        whole, over = tab.evaluate(span), tab.locator(".u-over").bounding_box()
        end = tab.evaluate("[plot.valToPos(shown.at(-1).x, 'x'), plot.valToPos(shown.at(-1).y, 'y')]")
        tab.mouse.move(over["x"] + over["width"] / 2, over["y"] + over["height"] / 2)
        tab.mouse.down()
        tab.mouse.move(over["x"] + end[0], over["y"] + end[1], steps=4)
        tab.mouse.up()
        assert tab.evaluate(span) < 0.7 * whole
        assert "timeline.html" in tab.url
        tab.click("button[type=reset]")
        until(tab, f"{span} === {whole}")


def test_every_entry_of_the_timeline_is_drawn_or_accounted_for(browser, site):
    with opened(browser, site, "timeline.html") as tab:
        numbers = [int(number) for number in re.findall(r"(\d+) (?:shown|from|of)", tab.inner_text("#told"))]
        assert sum(numbers) == tab.locator(".year li").count() == len(entries()) - len(of_sort("variant"))


def test_the_pages_can_be_read_without_script(browser, site):
    tab = browser.new_context(java_script_enabled=False).new_page()
    for page, told in (("index.html", "RoBERTa"), ("tree.html", "RoBERTa"), ("timeline.html", "RoBERTa")):
        tab.goto(f"{site.as_uri()}/{page}")
        assert tab.locator("main").get_by_text(told, exact=True).first.is_visible()
        assert tab.locator("form:visible").count() == 0


PAGES = [
    "index.html",
    "entry/t5.html",
    "compare.html#bert,gpt-2,t5",
    "axes.html",
    "axis/norm.html",
    "tree.html",
    "timeline.html",
]
UNNAMED = """fields => fields.filter(field => !field.labels?.length && !field.textContent.trim()
    && !field.getAttribute("aria-label")).map(field => field.outerHTML)"""


@pytest.mark.parametrize("page", PAGES)
def test_every_page_can_be_walked_by_its_headings_and_its_fields_have_names(browser, site, page):
    with opened(browser, site, page) as tab:
        levels = tab.eval_on_selector_all("h1, h2, h3", "heads => heads.map(head => Number(head.localName[1]))")
        assert levels.count(1) == 1
        assert all(after - before <= 1 for before, after in pairwise([0, *levels]))
        assert tab.eval_on_selector_all("input, select, button", UNNAMED) == []


@pytest.mark.parametrize("width", [400, 1000, 1600])
@pytest.mark.parametrize("page", PAGES)
def test_every_page_fits_its_window(browser, site, page, width):
    with opened(browser, site, page, width) as tab:
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
