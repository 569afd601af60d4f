"""The page in a real browser at three widths: it fits, its script runs under its own policy, its figures show."""

import html
import json
import re
import shutil
import subprocess
from dataclasses import replace

import pytest

import reports
from report_fixture import DEMOS, write_ledger

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
BROWSER = next(filter(None, map(shutil.which, NAMES)), None)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(BROWSER is None, reason=f"needs Chromium (one of {', '.join(NAMES)} on the PATH)"),
]
WIDTHS = (400, 1000, 1600)
PROBE = """<script>
const box = (element) => element.getBoundingClientRect();
const figures = [...document.querySelectorAll("figure > svg")].map((svg) => [box(svg).width, box(svg).height]);
const beyond = [...document.querySelectorAll("main *, nav *")].filter((element) =>
  box(element).right > innerWidth + 1 && !element.closest(".scroll, svg") && element.checkVisibility());
const small = [...document.querySelectorAll("main *")].filter((element) => element.childElementCount === 0
  && element.textContent.trim() && !element.closest("svg") && parseFloat(getComputedStyle(element).fontSize) < 12);
parent.postMessage(JSON.stringify({
  page: document.documentElement.scrollWidth, window: innerWidth, figures,
  fixed: Math.max(...[...document.querySelectorAll("tbody th[scope=row]")].map((head) => box(head).width)),
  beyond: beyond.map((element) => element.outerHTML.slice(0, 80)), small: small.map((element) => element.tagName),
}), "*");
</script></body>"""
# a frame, since a window of its own is never narrower than 500 pixels
FRAME = """<iframe src="probed.html" style="border:0;width:{width}px;height:2000px"></iframe>
<script>addEventListener("message", (event) => {{ document.title = event.data; }})</script>"""


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    before, after = DEMOS[0].arms.values()
    long = replace(DEMOS[0], arms={"pre-ln": before, "variant/post-ln-under-a-name-that-goes-on": after})
    return reports.write(*write_ledger(tmp_path_factory.mktemp("runs"), (long, *DEMOS[1:])))


def browse(address, folder, width, *more):
    """(the page's source after its scripts, what the browser logged)."""
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--enable-logging=stderr"]
    place = [f"--user-data-dir={folder}", f"--window-size={width},2000"]
    done = subprocess.run([BROWSER, *options, *place, *more, address], capture_output=True, text=True, timeout=120)
    return done.stdout, done.stderr


def measured(page, tmp_path, width):
    # the probe is not ours to run under the page's policy, so the copy goes without one
    source = re.sub(r"<meta http-equiv[^>]*>", "", page.read_text(encoding="utf-8"))
    copy = tmp_path / "probed.html"
    copy.write_text(source.replace("</body>", PROBE), encoding="utf-8")
    frame = tmp_path / "frame.html"
    frame.write_text(f"<title></title>{FRAME.format(width=width)}", encoding="utf-8")
    dom, _ = browse(frame.as_uri(), tmp_path / "profile", width + 100, "--dump-dom", "--virtual-time-budget=5000")
    return json.loads(html.unescape(re.search(r"<title>(.*?)</title>", dom, re.S)[1]))


@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_fits_its_window_and_its_figures_show(page, tmp_path, width):
    found = measured(page, tmp_path, width)
    assert found["window"] == width
    assert found["page"] <= width
    assert found["beyond"] == []
    assert found["fixed"] <= width / 2  # the names of arms, which stay in place while numbers scroll
    assert found["small"] == []
    assert len(found["figures"]) == 11
    assert all(min(300, width - 60) <= across <= 520 and tall > 100 for across, tall in found["figures"])


def test_a_link_to_a_run_opens_the_list_it_stands_in_under_the_pages_own_policy(page, tmp_path):
    target = re.search(r'id="(norm-placement-run-[0-9a-f]+)"', page.read_text())[1]
    closed, _ = browse(page.as_uri(), tmp_path / "profile", 1000, "--dump-dom")
    opened, log = browse(f"{page.as_uri()}#{target}", tmp_path / "profile", 1000, "--dump-dom")
    assert closed.count('<details class="runs" open') == 0
    assert opened.count('<details class="runs" open') == 1
    assert "Content Security Policy" not in log
    assert "Uncaught" not in log


def test_a_screenshot_is_not_blank(page, tmp_path):
    picture = tmp_path / "page.png"
    browse(page.as_uri(), tmp_path / "profile", 1000, f"--screenshot={picture}")
    assert picture.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert picture.stat().st_size > 40_000
