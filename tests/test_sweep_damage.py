"""Records that were damaged from outside: told by name, put aside or made again, and nothing else is touched."""

import pytest

from harness.ledger import BadLedger, Ledger, query
from harness.sweep import run_sweep
from harness.sweepstatus import status
from sweep_stand_ins import Heard, deterministic_files, launch, sweep


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A sweep that nothing happened to; left as it was."""
    out = tmp_path_factory.mktemp("whole") / "runs"
    return out, run_sweep(sweep(), launch(out), Heard())


def test_a_result_that_was_damaged_is_made_again(tmp_path, whole):
    out = tmp_path / "runs"
    run_sweep(sweep(), launch(out), Heard())
    victim = Ledger.open(out).run(Ledger.open(out).ids()[0])
    (victim.folder / "result.json").write_text("{")
    outcome = run_sweep(sweep(), launch(out), Heard())
    assert (outcome.counts.reused, outcome.counts.computed) == (30, 1)
    assert deterministic_files(out) == deterministic_files(whole[0])


@pytest.mark.parametrize("damage", ["{", '{"seed": 9}'])
def test_a_damaged_spec_is_put_aside_and_that_run_alone_made_again(tmp_path, whole, damage):
    out, heard = tmp_path / "runs", Heard()
    run_sweep(sweep(), launch(out), Heard())
    victim = Ledger.open(out).run(Ledger.open(out).ids()[0])
    (victim.folder / "spec.json").write_text(damage)
    outcome = run_sweep(sweep(), launch(out), heard)
    assert (outcome.counts.reused, outcome.counts.computed, outcome.counts.failed) == (30, 1, 0)
    assert f"the spec of run {victim.id} was damaged" in heard.warnings[0]
    assert (out / "replaced" / f"{victim.id}.1" / "result.json").exists()
    assert deterministic_files(out).keys() >= deterministic_files(whole[0]).keys()
    assert victim.spec()


@pytest.mark.parametrize("name", ["plan.json", "declared.json", "runs.json"])
@pytest.mark.parametrize("damage", ["{", "7", '{"tables_": 1}', "[1]"])
def test_a_damaged_record_of_a_sweep_is_told_by_its_name_and_questions_are_answered_without_it(whole, name, damage):
    out, outcome = whole
    honest = (outcome.folder / name).read_text()
    (outcome.folder / name).write_text(damage)
    try:
        with pytest.raises(BadLedger, match=rf"made-up/{name} .* move it away"):
            run_sweep(sweep(), launch(out), Heard())
        assert len(query(Ledger.open(out))) == 31
        if name == "plan.json":
            with pytest.raises(BadLedger, match="holds no plan; give the command that started 'made-up' once more"):
                status(Ledger.open(out), "made-up")
    finally:
        (outcome.folder / name).write_text(honest)
