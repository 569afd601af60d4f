"""A trainable without torch: its curve is arithmetic, its checkpoints are real, its faults are planted in the spec."""

import errno
import json
import math
import os
import signal
import time

from harness.ledger.files import append_line, write_json
from harness.train import Interrupted

CHECKPOINT_EVERY = 5
SECONDS_PER_STEP = float(os.environ.get("FAKE_SECONDS_PER_STEP", "0"))


def loss_at(spec, step):
    rate, seed = spec["train"]["learning_rate"], spec["seed"]
    noise = ((seed * 7919 + step * 104729 + len(spec["salt"])) % 1000) / 1e5
    return spec["model"]["floor"] + (math.log10(rate) + 2.5) ** 2 / 10 + 3 / (step + 1) + noise


def run(spec, folder, emit, execution):
    """As `harness.train.run`, in milliseconds."""
    plant, steps = spec["model"].get("plant"), spec["train"]["steps"]
    if plant == "loads_long":
        (folder / "is_loading").touch()
        time.sleep(60)
    done = begin(folder, emit)
    for step in range(done + 1, steps + 1):
        if step == steps // 2:
            FAULTS.get(plant, nothing)(folder)
        time.sleep(SECONDS_PER_STEP)
        append_line(folder / "metrics.jsonl", {"step": step, "train_loss": loss_at(spec, step)})
        emit({"event": "progress", "step": step, "steps": steps, "train_loss": loss_at(spec, step)})
        if step % CHECKPOINT_EVERY == 0:
            save(folder, step)
        if execution.stop():
            save(folder, step)
            raise Interrupted(step)
    memory = {"used": spec["model"]["memory"], "total": 100} if "memory" in spec["model"] else None
    costs = {"seconds": 0.01, "tokens_per_second": 1e4, "device": "cpu", "device_memory": memory}
    return {"result": result(spec, steps), "costs": costs}


def result(spec, steps):
    reporting, loss = spec["purpose"] == "reporting", loss_at(spec, steps)
    loss = math.nan if spec["model"].get("plant") == "nan" else loss
    return {
        "state": "diverged" if math.isnan(loss) else "done",
        "steps": steps,
        "val": {"loss": loss},
        "test": {"loss": loss + 0.01} if reporting else None,
        "shown": {"accuracy": 0.5},
        "by": {},
        "parameters": {"total": 100, "embedding": 10, "non_embedding": 90},
        "initial_loss": loss_at(spec, 0),
    }


def begin(folder, emit):
    """The steps that the checkpoint holds; the curve is cut back to them."""
    place = folder / "checkpoint" / "state.json"
    if not place.exists():
        (folder / "metrics.jsonl").unlink(missing_ok=True)
        return 0
    done = json.loads(place.read_text())["step"]
    lines = (folder / "metrics.jsonl").read_text().splitlines(keepends=True)
    (folder / "metrics.jsonl").write_text("".join(lines[:done]))
    emit({"event": "resumed", "step": done})
    return done


def save(folder, step):
    (folder / "checkpoint").mkdir(exist_ok=True)
    write_json(folder / "checkpoint" / "state.json", {"step": step}, durable=False)


def nothing(folder):
    return None


def crash(folder):
    raise ValueError("planted: a crash")


def oom(folder):
    raise MemoryError("planted: no memory")


def oom_beside_others(folder):
    others = [path for path in folder.parent.glob("*/state.json") if path.parent != folder]
    if any("running" in path.read_text() for path in others):
        oom(folder)


def disk(folder):
    raise OSError(errno.ENOSPC, "No space left on device", str(folder / "metrics.jsonl"))


def kill(folder):
    os.kill(os.getpid(), signal.SIGKILL)


def kill_once(folder):
    if not (folder / "killed").exists():
        (folder / "killed").touch()
        kill(folder)


def segfault(folder):
    os.kill(os.getpid(), signal.SIGSEGV)


def slow(folder):
    (folder / "is_slow").touch()
    time.sleep(0.5)


FAULTS = {
    "crash": crash,
    "oom": oom,
    "oom_beside_others": oom_beside_others,
    "disk": disk,
    "kill": kill,
    "kill_once": kill_once,
    "segfault": segfault,
    "slow": slow,
}
