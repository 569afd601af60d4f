"""Runs stages: every case that the files lack, until the time is up; a case that fails does not stop the others."""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.measure.deadline import TimeUp
from benchmarks.stages.stage import Bench, Case, Stage, Unfinished
from benchmarks.stages.store import DONE, FAILED, UNFINISHED, Store

ALL_DONE, SOME_FAILED, TIME_IS_UP = 0, 1, 5


def run_stages(stages: Sequence[Stage], bench: Bench, made: Mapping[str, Any]) -> int:
    """0 when every case is done, 1 when one failed, 5 when the time was up and the same call goes on."""
    bench.out.mkdir(parents=True, exist_ok=True)
    states = {state for stage in stages for state in run_stage(stage, bench, made)}
    if FAILED in states:
        return SOME_FAILED
    if UNFINISHED in states:
        _say("time is up: the same command goes on from here")
        return TIME_IS_UP
    return ALL_DONE


def run_stage(stage: Stage, bench: Bench, made: Mapping[str, Any]) -> set[str]:
    """The states of the stage's cases; an error outside of a case counts as one that failed."""
    _say(f"== {stage.name}")
    store = Store(bench.out, stage.name, made)
    states = set()
    try:
        for case in stage.cases(bench):
            states.add(_run_case(stage, case, bench, store))
        _draw(stage, bench, store)
    except Exception as error:
        states.add(FAILED)
        _fail(store, "the stage itself", 0.0, error)
    return states


def _run_case(stage: Stage, case: Case, bench: Bench, store: Store) -> str:
    name, call = case
    kept = store.cases.get(name)
    if kept is not None and kept["state"] == DONE:
        _say(f"{name}: {stage.told(kept)} (kept)")
        return DONE
    if bench.deadline.passed:
        return UNFINISHED
    start = time.perf_counter()
    try:
        record = call()
    except TimeUp:
        return UNFINISHED
    except Unfinished as stopped:
        store.put(name, UNFINISHED, time.perf_counter() - start, stopped.record)
        _say(f"{name}: {stage.told(stopped.record)}")
        return UNFINISHED
    except Exception as error:
        return _fail(store, name, time.perf_counter() - start, error)
    store.put(name, DONE, time.perf_counter() - start, record)
    _say(f"{name}: {stage.told(record)}")
    return DONE


def _fail(store: Store, name: str, seconds: float, error: Exception) -> str:
    """Keeps the error, and what a failed check found before it."""
    told = {"error": f"{type(error).__name__}: {error}", "traceback": traceback.format_exc()}
    store.put(name, FAILED, seconds, {**told, **getattr(error, "record", {})})
    _say(f"{name}: FAILED {told['error']}")
    return FAILED


def _draw(stage: Stage, bench: Bench, store: Store) -> None:
    done = store.done()
    figure = stage.draw(done) if done else None
    if figure is not None:
        for ending in ("svg", "png"):
            figure.savefig(bench.out / f"{stage.name}.{ending}", dpi=150)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
