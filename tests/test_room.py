"""Runs side by side on one device: as many as its memory holds, and fewer after one ran out of it."""

import pytest

from harness.ledger import Ledger, query
from harness.ledger.files import read_lines
from harness.places import Places
from harness.records import PlannedRun
from harness.room import Room, sort_of
from harness.sweep import run_sweep
from sweep_stand_ins import Heard, launch, sweep

FAR = Places("far", "far", "far (4 bytes)", 4, ({},))
TAKEN = {"used": 30, "total": 100}


def planned(seed, width=8, **more):
    spec = {"model": {"width": width}, "task": {}, "train": {"steps": 5, "learning_rate": seed + 1.0}, "seed": seed}
    return PlannedRun("table", "arm", "tuning", 0.1, seed, {**spec, "purpose": "tuning", **more})


def begun(room, *runs):
    """The places that the runs got, or None; where there is one, they are at work there."""
    found = []
    for run in runs:
        found.append(room.place_for(run, range(len(room._at_work))))
        if found[-1] is not None:
            room.begin(run, found[-1])
    return found


def test_an_unknown_run_has_its_place_for_itself_and_its_like_share_one_by_what_it_took():
    room, first = Room(2, True, {}), planned(0)
    assert begun(room, first, planned(1), planned(2)) == [0, 1, None]
    room.end(first)
    assert room.measure(first, TAKEN) == 0.3
    # three times 0.3 leave a tenth of the first place free; the second is taken by one that is unknown
    assert begun(room, *map(planned, range(3, 7))) == [0, 0, 0, None]
    assert begun(room, planned(7, width=9)) == [None]


def test_only_a_run_that_was_alone_tells_what_it_takes():
    room = Room(2, True, {sort_of(planned(0).spec): 0.3})
    assert begun(room, planned(0), planned(1), planned(2)) == [0, 1, 0]
    assert room.measure(planned(0), {"used": 60, "total": 100}) is None
    assert room.measure(planned(1), {"used": 20, "total": 100}) is None
    assert room.measure(planned(1), {"used": 40, "total": 100}) == 0.4
    assert room.measure(planned(1), None) is None


def test_without_memory_as_the_limit_every_free_worker_is_taken():
    assert begun(Room(2, False, {}), *map(planned, range(5))) == [0, 1, 0, 1, 0]


def test_a_run_that_ran_out_beside_others_is_alone_then_and_its_place_takes_fewer():
    room = Room(1, False, {})
    runs = [planned(seed) for seed in range(3)]
    assert begun(room, *runs) == [0, 0, 0]
    room.end(runs[0])
    assert room.ran_out(runs[0]) == 2
    assert room.place_for(runs[0], {0}) is None
    for run in runs[1:]:
        room.end(run)
    assert begun(room, runs[0], planned(4)) == [0, None]
    # alone there is no more to be had
    assert room.ran_out(runs[0]) is None
    room.end(runs[0])
    assert begun(room, *map(planned, range(5, 8))) == [0, 0, None]


@pytest.mark.parametrize("change", [{"purpose": "reporting"}, {"init_from": {"model": {}}}, {"task": {"kind": "x"}}])
def test_runs_that_may_take_other_memory_are_of_another_sort(change):
    assert sort_of(planned(0).spec) == sort_of(planned(1).spec) != sort_of(planned(0, **change).spec)


class Crowd(Heard):
    """Also how many runs were at work at most, by variant and purpose of the one that came last."""

    def __init__(self):
        super().__init__()
        self.at_work, self.most = set(), {}

    def run_started(self, run):
        self.at_work.add(run.id)
        key = (run.variant, run.purpose)
        self.most[key] = max(self.most.get(key, 0), len(self.at_work))

    def run_finished(self, run, result, counts):
        super().run_finished(run, result, counts)
        self.at_work.discard(run.id)


def test_a_sweep_fills_a_device_by_what_it_measured_and_remembers_that(tmp_path):
    table = {"variants": {"plain": {"set": {"memory": 30}}, "fancy": {"set": {"memory": 80}}}}
    table |= {"tuning_seeds": [100, 101], "reporting_seeds": [0]}
    crowd, out = Crowd(), tmp_path / "runs"
    assert run_sweep(sweep(**table), launch(out, where=FAR), crowd).exit_code == 0
    assert crowd.most["plain", "tuning"] == 3
    assert crowd.most["fancy", "tuning"] == 1
    log = out / "sweeps" / "made-up" / "events.jsonl"
    measured = [event["share"] for event in read_lines(log) if event["event"] == "measured"]
    assert {0.3, 0.8} == set(measured)
    again = Crowd()
    run_sweep(sweep(**table | {"tuning_seeds": [102, 103]}), launch(out, where=FAR), again)
    assert again.most["plain", "tuning"] == 3
    assert len([event for event in read_lines(log) if event["event"] == "measured"]) == len(measured)


def test_a_run_that_ran_out_of_memory_beside_others_is_made_alone(tmp_path):
    crowd, out = Crowd(), tmp_path / "runs"
    table = {"variants": {"plain": {}, "fancy": {"set": {"plant": "oom_beside_others"}}}}
    outcome = run_sweep(sweep(**table), launch(out, workers=3), crowd)
    assert (outcome.exit_code, outcome.counts.failed) == (0, 0)
    assert {row.state for row in query(Ledger.open(out))} == {"done"}
    assert any("ran out of memory beside others; it is made again alone" in told for told in crowd.warnings)
