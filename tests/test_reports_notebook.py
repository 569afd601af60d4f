"""A sweep in Python and in a notebook: the frame, the figures, the form."""

import pytest
from matplotlib.figure import Figure

import reports
from report_fixture import DEMOS, write_ledger


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    folder, _ = write_ledger(tmp_path_factory.mktemp("runs"), DEMOS[:2])
    return reports.load(folder)


def test_the_frame_and_the_sentences_are_those_of_the_comparison(found):
    frame = found.frame()
    assert list(frame[frame.table == "norm-placement"].arm) == ["pre-ln", "post-ln"]
    assert found.comparison.sentences()[0].startswith("post-ln is worse than pre-ln")


@pytest.mark.parametrize("name", ["differences", "learning-curves", "learning-rates", "lengths"])
def test_every_figure_of_the_page_is_drawn_by_its_name(found, name):
    assert isinstance(found.plot(name, "grapheme-to-phoneme"), Figure)


@pytest.mark.parametrize(
    ("asked", "told"), [(("diffrences",), "did you mean differences"), (("lengths", "x"), "table: ")]
)
def test_an_unknown_figure_or_table_is_refused_with_the_known_ones(found, asked, told):
    with pytest.raises(ValueError, match=told):
        found.plot(*asked)


def test_a_figure_without_data_says_what_is_missing(tmp_path):
    with pytest.raises(ValueError, match="the comparison has not been made"):
        reports.load(write_ledger(tmp_path, DEMOS[:1], compared=False)[0]).plot()


def test_a_notebook_shows_tables_sentences_and_differences(found):
    shown = found._repr_html_()
    assert shown.count("<table>") == shown.count("<svg") == 2
    assert "post-ln is worse than pre-ln" in shown
    assert "var(--" not in shown, "a notebook has none of the page's colours"
