"""Every structure trains: a covering array of structures and tasks here, the whole matrix in the committed table."""

from functools import cache

import pytest

from harness import proof
from harness.ledger.code import kinds_of

PARTS = 8


@cache
def chosen():
    return proof.covering(proof.structures(), proof.read_table())


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_every_structure_trains_and_every_task_meets_every_kind_of_part(part):
    faults = [
        f"{each.entry} on {task}: {found}"
        for each in proof.structures()[part::PARTS]
        for task in chosen()[each.id]
        if not proof.is_expected(found := proof.prove(each, task))
    ]
    assert not faults


def test_the_covering_array_leaves_out_no_structure_and_no_pair_of_task_and_kind():
    refused = proof.refusals(proof.read_table())
    found = {each.id: each for each in proof.structures()}
    can_meet = {
        (task, kind)
        for each in found.values()
        for task in each.tasks
        if (each.entry, task) not in refused
        for kind in kinds_of(each.spec)
    }
    meet = {(task, kind) for name, tasks in chosen().items() for task in tasks for kind in kinds_of(found[name].spec)}
    assert meet == can_meet
    assert all(chosen().values())
    assert set(chosen()) == set(found)


def test_the_committed_table_is_complete_and_of_this_code():
    rows = proof.read_table()
    assert proof.faults(rows) == []
    outdated = proof.outdated(rows)
    if outdated:
        pytest.skip(f"{len(outdated)} pairs of the proof are missing or of other code: `make proof` trains them")


@pytest.mark.parametrize(("name", "value"), [("STEPS", 9), ("_drill", lambda: "another drill")])
def test_a_pair_is_outdated_when_the_drill_or_its_steps_change(monkeypatch, name, value):
    each = proof.structures()[0]
    before = proof.code_of(each, "copy")
    monkeypatch.setattr(proof, name, value)
    assert proof.code_of(each, "copy") != before


def test_what_is_refused_is_refused_for_a_reason_that_is_known():
    refused = proof.refusals(proof.read_table())
    assert {pair: why for pair, why in refused.items() if not proof.is_expected({"refused": why})} == {}


def test_the_table_is_filled_step_by_step_and_only_where_it_is_outdated(tmp_path, monkeypatch, capsys):
    two = proof.structures()[:2]
    monkeypatch.setattr(proof, "TABLE", tmp_path / "proof.json")
    monkeypatch.setattr(proof, "structures", lambda: two)
    monkeypatch.setattr(proof.Structure, "tasks", ["copy"])
    trained = []
    monkeypatch.setattr(proof, "prove", lambda each, task: trained.append(each.entry) or proof.code_of(each, task))
    assert proof.main(["--check"]) == 1
    assert proof.main([]) == 0
    assert proof.main([]) == 0
    assert trained == [each.entry for each in two]
    rows = proof.read_table()
    rows[two[1].id]["tasks"]["copy"] = {"code": "0", "fault": "planted"}
    assert proof.faults(rows) == [f"{two[1].entry} on copy: planted"]
    assert [each.entry for each, _ in proof.outdated(rows)] == [two[1].entry]
    assert "0 trained, 0 refused, 0 faults" in capsys.readouterr().out
