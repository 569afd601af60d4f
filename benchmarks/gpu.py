"""What only a GPU can tell: `python benchmarks/gpu.py --out DIR`; the same command goes on where the time was up."""

from __future__ import annotations

import argparse
import importlib.util
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NAMES = ("certificate", "kernels", "window", "training", "decode", "sweep")
NEEDED = (
    "torch",
    "transformers",
    "numpy",
    "pandas",
    "scipy",
    "matplotlib",
    "pydantic",
    "yaml",
    "safetensors",
    "jinja2",
)
BAD_INPUT = 2


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0 done, 1 a case failed, 2 cannot run here, 5 time is up and there is more to do."""
    sys.path[:] = [str(ROOT), *(place for place in sys.path if Path(place or ".").resolve() != ROOT / "benchmarks")]
    asked = _parser().parse_args(arguments)
    refused = _refused(asked)
    if refused is not None:
        print(refused, file=sys.stderr)
        return BAD_INPUT
    import torch

    from benchmarks.measure.deadline import Deadline
    from benchmarks.measure.machine import made_on
    from benchmarks.stages import STAGES
    from benchmarks.stages.runner import run_stages
    from benchmarks.stages.stage import Bench

    device = torch.device(asked.device)
    bench = Bench(out=asked.out, device=device, toy=asked.toy, deadline=Deadline(asked.minutes), workers=asked.workers)
    made = {**made_on(device, asked.commit), "toy": asked.toy}
    return run_stages([STAGES[name] for name in asked.stage or NAMES], bench, made)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder for JSON, figures and the sweep's ledger")
    parser.add_argument("--stage", action="append", choices=NAMES, help="may be repeated; all by default")
    parser.add_argument("--device", default="cuda", choices=("cuda", "cpu"))
    parser.add_argument("--toy", action="store_true", help="everything tiny: shows that it runs, not how fast")
    parser.add_argument("--minutes", type=float, default=9.0, help="when to stop; the same command goes on")
    parser.add_argument(
        "--workers", type=int, help="processes that share the device in the sweep; 1 for each by default"
    )
    parser.add_argument("--commit", help="the commit, where this folder is no git checkout")
    return parser


def _refused(asked: argparse.Namespace) -> str | None:
    """Why it cannot run here, in one line."""
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        return f"missing packages: {', '.join(missing)}; benchmarks/README.md says how to bring them"
    if asked.device == "cpu":
        return (
            None if asked.toy else "on a CPU this runs as --device cpu --toy alone; its times are benchmarks/cpu.py's"
        )
    import torch

    if torch.cuda.is_available():
        return None
    return "no CUDA device here (torch.cuda.is_available() is false); try --device cpu --toy, or benchmarks/cpu.py"


if __name__ == "__main__":
    sys.exit(main())
