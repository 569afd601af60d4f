"""Reports of several tasks, several sizes and grids: sheets, figures and the page."""

import pytest

from report_fixture import Arm, Demo, write_ledger
from reports.ledger_reader import read_sweep
from reports.plots.profile import profile_data
from reports.plots.scaling import scaling_data
from reports.sheets.effects import effects_sheet
from reports.sheets.together import together_sheet
from reports.writer import write

SIZES = (100_000, 300_000, 1_000_000, 3_000_000)
RATES = [1e-3, 3e-3, 1e-2, 3e-2]
TRIVIAL = {"unigram": {"val": 3.0, "test": 3.0}}


def sized(size, task="language_modelling"):
    losses = {name: 1 + scale * size**-0.3 for name, scale in (("pre-ln", 30.0), ("rope", 27.0))}
    arms = {name: Arm(loss, 2, spread=0.002, non_embedding=size) for name, loss in losses.items()}
    return Demo(f"{task}-{size}", f"{task} at {size}", "nats per byte", {"kind": task}, arms, RATES, 100, 8, TRIVIAL)


def grid():
    levels = [(norm, place) for norm in ("layer_norm", "rms_norm") for place in ("pre", "post")]
    arms = {
        f"norm={norm},residual={place}": Arm(
            1 + 0.05 * (norm == "rms_norm") + 0.1 * (place == "post"), 2, levels={"norm": norm, "residual": place}
        )
        for norm, place in levels
    }
    return Demo("grid", "A grid", "nats per byte", {"kind": "copy"}, arms, RATES, 100, 8, TRIVIAL)


@pytest.fixture(scope="module")
def ledger(tmp_path_factory):
    demos = (*map(sized, SIZES), sized(SIZES[0], "sequence_to_sequence"), grid())
    return write_ledger(tmp_path_factory.mktemp("ledger"), demos)


def test_sizes_make_a_sheet_of_multipliers_and_tasks_one_of_scores(ledger):
    tasks, ladder = read_sweep(*ledger).together
    assert [tasks.kind, ladder.kind] == ["tasks", "ladders"]
    rows = together_sheet(ladder).rows
    assert [row["size"] for row in rows] == list(SIZES)
    assert [row["verdict"] for row in rows] == ["", "", "", "better"]
    assert rows[-1]["low"] < (30 / 27) ** (1 / 0.3) < rows[-1]["high"]
    assert {row["arm"] for row in together_sheet(tasks).rows} == {"pre-ln", "rope"}


def test_figures_show_every_seed_and_every_threshold(ledger):
    tasks, ladder = read_sweep(*ledger).together
    points = scaling_data(ladder)
    assert len(points[points.kind == "seed"]) == len(SIZES) * 2 * 5
    assert set(points[points.kind == "law"].arm) == {"pre-ln", "rope"}
    profile = profile_data(tasks)
    assert profile[profile.threshold == 0].share.eq(1).all()


def test_a_grid_has_a_sheet_of_effects(ledger):
    table = read_sweep(*ledger).tables[-1]
    rows = effects_sheet(table).rows
    assert [row["change"].split(":")[0] for row in rows[:2]] == ["norm", "residual"]
    assert rows[1]["mean"] == pytest.approx(0.1, abs=0.02)


def test_the_page_holds_the_sections_and_the_files_lie_beside_it(ledger, tmp_path):
    page = write(*ledger, tmp_path)
    text = page.read_text()
    assert "Several sizes" in text
    assert "Effects of single changes" in text
    assert "Scaling, better: pre-ln needs" in text
    written = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert any(name.endswith("-scaling.svg") for name in written)
    assert any(name.endswith("-profile.csv") for name in written)
    assert any(name.endswith("-together.tex") for name in written)
    assert "grid-effects.md" in written
