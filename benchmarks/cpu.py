"""Speed beside other libraries on a CPU, one process and one thread: `python benchmarks/cpu.py`, under ten minutes."""

from __future__ import annotations

import argparse
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NAMES = ("training", "decode", "window")
THREADS = 1


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0 done, 1 a case failed, 5 time is up: the same command goes on."""
    sys.path[:] = [str(ROOT), *(place for place in sys.path if Path(place or ".").resolve() != ROOT / "benchmarks")]
    os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), str(THREADS)))
    asked = _parser().parse_args(arguments)
    import torch

    from benchmarks.measure.deadline import Deadline
    from benchmarks.measure.machine import RESULTS, made_on
    from benchmarks.stages.cpu import CPU_STAGES
    from benchmarks.stages.runner import run_stages
    from benchmarks.stages.stage import Bench

    torch.set_num_threads(THREADS)
    device = torch.device("cpu")
    out = asked.out or RESULTS / f"cpu-{datetime.now(UTC):%Y-%m-%d}"
    bench = Bench(out=out, device=device, toy=asked.toy, deadline=Deadline(asked.minutes))
    stages = [stage for stage in CPU_STAGES if stage.name in (asked.stage or NAMES)]
    return run_stages(stages, bench, {**made_on(device), "toy": asked.toy})


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, help="folder for JSON and figures; benchmarks/results/cpu-DATE by default")
    parser.add_argument("--stage", action="append", choices=NAMES, help="may be repeated; all by default")
    parser.add_argument("--toy", action="store_true", help="everything tiny: shows that it runs, not how fast")
    parser.add_argument("--minutes", type=float, default=10.0, help="when to stop; the same command goes on")
    return parser


if __name__ == "__main__":
    sys.exit(main())
