"""Runs a sweep: what is missing, in order, in worker processes; can be stopped anywhere and started again."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from dataclasses import asdict

from harness.agenda import Agenda
from harness.launch import Launch, Outcome
from harness.ledger import Attempt, BadLedger, Ledger, State, StorageFault, query, settle
from harness.ledger.canonical import Json
from harness.ledger.files import make_folder
from harness.places import Places, places
from harness.plan import build_plan
from harness.pool import GRACE_SECONDS, Job, Pool, Report, Settings
from harness.progress import Counts, PlainLines, SweepEvents
from harness.records import TUNING, PlannedRun, nothing_learned, outcome_of
from harness.room import Room, sort_of
from harness.stopping import terminated_like_interrupted
from harness.sweepfile import SweepFile
from harness.sweepfolder import SweepFolder, stored_plan
from harness.takeover import TakeOver

SECONDS_UNTIL_ASKED_AGAIN = 1.0
SECOND_CHANCES = 1
MEASURED = "measured"


def run_sweep(sweep: SweepFile, launch: Launch, events: SweepEvents | None = None) -> Outcome:
    """Plan the sweep, store the plan, run what the ledger lacks and compare; a table is compared as it completes.

    Raises:
        CatalogError: the sweep file asks for what cannot be.
        Busy: another process runs the same sweep in the same ledger.
        StorageFault: the disk is full or read-only; finished runs are kept.
        KeyboardInterrupt: it was stopped; what ran is marked as interrupted and goes on at the next launch.
    """
    with terminated_like_interrupted():
        where = launch.where or places(launch.device, launch.workers, with_torch=launch.tools is None)
        plan = build_plan(sweep, where.sort, launch.tools, stored_plan(launch.out, sweep.folder))
        ledger = Ledger.create(launch.out)
        path = ledger.sweep_folder(plan["name"])
        make_folder(path)
        with ledger.lock_sweep(plan["name"]):
            return _Sweep(ledger, SweepFolder(path), plan, launch, where, events or PlainLines()).run()


class _Sweep:
    def __init__(
        self, ledger: Ledger, folder: SweepFolder, plan: Json, launch: Launch, where: Places, events: SweepEvents
    ) -> None:
        self.ledger, self.folder, self.plan = ledger, folder, plan
        self.launch, self.where, self.events = launch, where, events
        self.agenda = Agenda(plan)
        self.counts = Counts(self.agenda.total)
        # a trunk costs the disk of a checkpoint: it serves where another budget goes on from it, or pretrained weights
        arms = [arm for table in plan["tables"] for arm in table["variants"].values()]
        shared = len({arm["steps"] for arm in arms}) > 1 or any("init_from" in arm for arm in arms)
        self._trunks = str(ledger.root / "trunks") if shared else None
        self._pool: Pool | None = None
        self._running: dict[str, PlannedRun] = {}
        self._later: list[tuple[float, PlannedRun]] = []
        self._stops: dict[str, int] = {}
        told = [event for event in folder.events() if event.get("event") == MEASURED and event["device"] == where.name]
        shares = {event["sort"]: event["share"] for event in told}
        self._room = Room(len(where.environments), where.by_memory, shares)
        self._ledger_has = TakeOver(ledger, folder, self._warn, launch.reuse_other_code, launch.only or frozenset())

    def run(self) -> Outcome:
        """From the stored plan to the comparison."""
        code, where = self.plan["code_hash"], self.where
        self.folder.log("launched", plan=self.plan["plan_hash"], code=code, device=where.sort, workers=where.parallel)
        self.folder.log_origin()
        seen = any(self.ledger.run(run).noted().state.finished for run in self.folder.reporting_ids())
        self.folder.declare(self.plan, results_seen=seen)
        if told := self.folder.store_plan(self.plan):
            self._warn(told)
        self.events.planned(self.plan, self.counts)
        try:
            self._loop()
        except BaseException as error:
            self._stop(error)
            raise
        finally:
            self._close()
        if self.launch.only and (left := self.counts.total - self.counts.finished):
            self._warn(f"{left} runs were left as they are: this launch was for {', '.join(sorted(self.launch.only))}")
        comparison = self._compare()
        # the next question over all runs then finds them in the index
        query(self.ledger)
        self.folder.log("ended", **asdict(self.counts))
        return Outcome(self.folder.path, self.plan, comparison, self.counts, tuple(self._problems(comparison)))

    def _loop(self) -> None:
        while True:
            self._look_up()
            for name in self.agenda.newly_complete():
                self._complete(name)
            self._hand_out()
            # a run may wait although none is at work: a worker that retires is free again only as its successor
            if not (self._running or self._later or self.agenda.waits):
                return
            self._listen()

    def _look_up(self) -> None:
        """Take over what the ledger has, and queue the rest; what is taken over may make further runs known."""
        found = False
        while fresh := self.agenda.fresh():
            found = True
            for run in fresh:
                result = self._ledger_has.result(run, self._code(run))
                if result is not None:
                    self.counts.reused += 1
                    self._settle(run, result)
                elif self._is_wanted(run):
                    self.agenda.put(run)
        if found:
            # from here on the ledger's other commands know that these runs are needed
            self.folder.write_index(self.agenda, self.counts)

    def _is_wanted(self, run: PlannedRun) -> bool:
        """Whether this launch makes the run; one that failed before and is left so is still told as failed."""
        state = self.ledger.run(run.id).status().state
        if self.launch.only is None or state in self.launch.only or run.id in self._ledger_has.replaced:
            return True
        if state.failed:
            self.counts.failed += 1
            self._settle(run, {"state": str(state)})
        return False

    def _hand_out(self) -> None:
        now = time.monotonic()
        for pair in [pair for pair in self._later if pair[0] <= now]:
            self._later.remove(pair)
            self.agenda.put(pair[1])
        while run := self.agenda.take():
            if self._pool is None:
                environments = [{**chosen, **self.launch.environment} for chosen in self.where.environments]
                self._pool = Pool(Settings(self.where.workers, self.launch.runner, environments=environments))
            place = self._room.place_for(run, self._pool.free)
            if place is None:
                self.agenda.put(run)
                return
            self._start(self._pool, run, place)

    def _start(self, pool: Pool, run: PlannedRun, place: int) -> None:
        keep = "none" if run.purpose == TUNING else self.launch.keep
        execution = {"device": self.where.device, "keep": keep, "trunks": self._trunks}
        self._running[run.id] = run
        self._room.begin(run, place)
        pool.start(Job(run.id, str(self.ledger.run(run.id).folder), run.spec, self._code(run), execution), place)
        self.events.run_started(run)

    def _listen(self) -> None:
        seconds = max(0.0, min(due for due, _ in self._later) - time.monotonic()) if self._later else None
        assert self._pool is not None
        for report in self._pool.wait(seconds):
            self._hear(report)

    def _hear(self, report: Report) -> None:
        run = self._running[report.job.id]
        if report.what == "progress":
            self.events.run_step(run, report.event)
            return
        del self._running[run.id]
        self._room.end(run)
        hear = {"ended": self._ended, "died": self._died, "busy": self._busy}
        hear |= {"storage": self._refused_by_disk, "refused": self._refused}
        hear[report.what](run, report)

    def _ended(self, run: PlannedRun, report: Report) -> None:
        result = outcome_of(self.ledger.run(run.id))
        state = State(result["state"])
        if not (state.finished or state.failed):
            self._again(run, "it was stopped from outside")
            return
        if state is State.OOM and (limit := self._room.ran_out(run)):
            self._alone_again(run, limit)
            return
        costs = self.ledger.run(run.id).costs() if state.finished else {}
        if share := self._room.measure(run, costs.get("device_memory")):
            self.folder.log(MEASURED, sort=sort_of(run.spec), device=self.where.name, share=round(share, 4))
        if mismatches := costs.get("replay_mismatches"):
            self._warn(f"run {run.id} wrote {mismatches} lines otherwise after it was resumed: see its events.jsonl")
        self.counts.computed += state.finished
        self.counts.failed += state.failed
        self._settle(run, result)

    def _died(self, run: PlannedRun, report: Report) -> None:
        was_killed = report.exit_code == -signal.SIGKILL
        if was_killed and self._stops.get(run.id, 0) < SECOND_CHANCES:
            self._again(run, "its worker was killed")
            return
        reason = "was killed twice, most often for want of memory" if was_killed else "died in the middle of the run"
        message = f"the worker {reason} (exit code {report.exit_code})"
        with Attempt(self.ledger.run(run.id).folder, run.spec, self._code(run)) as attempt:
            if not attempt.finished:
                attempt.fail(State.OOM if was_killed else State.ERROR, message, f"{report.text}\n{message}\n")
        self._ended(run, report)

    def _again(self, run: PlannedRun, why: str) -> None:
        settle(self.ledger.run(run.id))
        self._stops[run.id] = self._stops.get(run.id, 0) + 1
        if self._stops[run.id] > SECOND_CHANCES:
            self.counts.failed += 1
            self._settle(run, {"state": str(State.INTERRUPTED)})
            return
        self._warn(f"run {run.id} ({run.table}, {run.variant}) is taken up again: {why}")
        self.agenda.put(run)

    def _alone_again(self, run: PlannedRun, limit: int) -> None:
        self._warn(
            f"run {run.id} ({run.table}, {run.variant}) ran out of memory beside others; it is made again alone, and "
            f"then {limit} run{'s' if limit > 1 else ''} at most at once on that device"
        )
        self.agenda.put(run)

    def _busy(self, run: PlannedRun, report: Report) -> None:
        self._later.append((time.monotonic() + SECONDS_UNTIL_ASKED_AGAIN, run))

    def _refused(self, run: PlannedRun, report: Report) -> None:
        raise BadLedger(report.text)

    def _refused_by_disk(self, run: PlannedRun, report: Report) -> None:
        raise StorageFault(report.text)

    def _settle(self, run: PlannedRun, result: Json) -> None:
        self.agenda.settle(run, result)
        self.events.run_finished(run, result, self.counts)

    def _complete(self, name: str) -> None:
        comparison = self._compare()
        self.folder.log("table_done", table=name, **asdict(self.counts))
        self.events.table_done(next(table for table in comparison["tables"] if table["id"] == name))

    def _compare(self) -> Json:
        self.folder.write_index(self.agenda, self.counts)
        has = self._ledger_has
        return self.folder.write_comparison(self.plan, self.agenda, has.other_code, has.begun)

    def _problems(self, comparison: Json) -> Iterator[str]:
        if self.counts.failed:
            yield (
                f"{self.counts.failed} runs failed: `bestiary runs ls` lists them, traceback.txt in a run's folder "
                "says why; run the same command again to try them anew"
            )
        must = {table["id"] for table in self.plan["tables"] if table["must_learn"]}
        yield from filter(None, (nothing_learned(table) for table in comparison["tables"] if table["id"] in must))

    def _stop(self, error: BaseException) -> None:
        """Stop the workers, in order on Ctrl-C, and leave every run in a state it can go on from."""
        try:
            if self._pool is not None and isinstance(error, KeyboardInterrupt):
                self.events.warned(f"stopping: the runs at work save where they are, in {GRACE_SECONDS:.0f} s at most")
                self._pool.stop()
        finally:
            self._close()
            self._note_stop(str(error) or type(error).__name__)

    def _note_stop(self, why: str) -> None:
        try:
            for identity in self._running:
                settle(self.ledger.run(identity))
            self.folder.write_index(self.agenda, self.counts)
            self.folder.log("stopped", why=why, **asdict(self.counts))
        except (OSError, ValueError):
            return  # a disk that fails here is already told of

    def _close(self) -> None:
        if self._pool is not None:
            self._pool.close()
            self._pool = None

    def _code(self, run: PlannedRun) -> str:
        return str(self.agenda.tables[run.table].table["variants"][run.variant]["code_hash"])

    def _warn(self, text: str) -> None:
        self.folder.log("warned", text=text)
        self.events.warned(text)
