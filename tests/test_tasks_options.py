"""No option of a task is inert: each changes what is shown, asked or scored, and the digest with it."""

import itertools
import random

import numpy as np
import pytest

from harness.tasks.registry import TASK, build_task, task_records
from task_samples import OURS, spec_for

# a value for each option that differs from its tiny one, and what else it takes for an option to matter
OTHER = {
    "arguments": 4, "brackets": 4, "bins": 7, "context_length": 24, "depth": 2, "dimensions": 3, "evaluation_items": 7,
    "evaluation_tokens": 96, "examples": 4, "examples_test": 5, "fillers": 9, "generator": "bigram", "length": 6,
    "longest": 9, "longest_test": 11, "masked": 0.2, "modulus": 5, "needles": 1, "pairs": 3, "patch": 4,
    "power": 2.0, "random": 0.2, "reverse": True, "share": 0.5, "shortest": 3, "span": 1.0, "symbols": 6, "unit": "bpe",
    "copied": 3, "values": 5, "vocabulary_size": 300,
}  # fmt: skip
ALSO = {
    ("induction", "shortest"): {"shortest": 4},
    ("induction", "vocabulary_size"): {"vocabulary_size": 20},
    ("listops", "shortest"): {"shortest": 8},
    ("listops", "longest"): {"longest": 24},
    ("listops", "longest_test"): {"longest_test": 24},
    ("mqar", "vocabulary_size"): {"vocabulary_size": 64},
    ("mqar", "power"): {"power": 2.0, "context_length": 32},
    ("needle", "shortest"): {"shortest": 9},
    ("selective_copy", "shortest"): {"shortest": 4},
    ("needle", "longest"): {"longest": 24},
    ("needle", "longest_test"): {"longest_test": 24},
    ("span_corruption", "span"): {"span": 1.0, "share": 0.5},
}
BPE = {"unit": "bpe", "vocabulary_size": 280}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Small data for each task that reads some."""
    folder, draw = tmp_path_factory.mktemp("data"), random.Random(0)
    words = ["".join(draw.choice("abcdefgh") for _ in range(draw.randint(2, 7))) for _ in range(60)]
    said = [" ".join(draw.choice(words) for _ in range(9)) for _ in range(150)]
    held = {
        "text.txt": "\n\n".join(said),
        "classes.tsv": "\n".join(f"{text}\t{'abc'[i % 3]}" for i, text in enumerate(said)),
        "numbers.tsv": "\n".join(f"{text}\t{i}" for i, text in enumerate(said)),
        "pairs.tsv": "\n".join(f"{text}\t{text[:9]}" for text in said),
    }
    for name, text in held.items():
        (folder / name).write_text(text)
    files = {"classification": "classes", "regression": "numbers", "sequence_to_sequence": "pairs"}
    return lambda kind: str(next(folder.glob(f"{files.get(kind, 'text')}.*")))


def shown(task, kind):
    """All that a model sees of a task, and what it is told of its answers."""
    spec = task.adapt(spec_for(kind, min(task.stacks)))
    batches = [task.batch(0, 0, 16), *itertools.islice(task.evaluation("val", 64), 2)]
    arrays = [a for b in batches for a in (*b.inputs.values(), b.targets, b.weights, *b.groups.values())]
    return repr(spec), [np.asarray(array).tobytes() for array in arrays]


@pytest.mark.parametrize("kind", OURS)
def test_every_option_changes_the_task_and_its_digest(kind, data, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    record = task_records()["task"][kind]
    base = {"kind": kind, **TASK.tiny[kind]}
    if "data" in record.options and kind != "image_classification":
        base["data"] = data(kind)
    for option in record.options.keys() - {"data", "text_scores"}:
        start = {**base, **BPE} if option == "vocabulary_size" and "unit" in record.options else base
        if option == "unit":
            start = {name: value for name, value in base.items() if name != "vocabulary_size"} | {"unit": "character"}
        changed = ALSO.get((kind, option), {option: OTHER[option]})
        one = build_task({**start, **{name: value for name, value in changed.items() if name != option}})
        other = build_task({**start, **changed})
        assert one.digest() != other.digest(), option
        assert shown(one, kind) != shown(other, kind), option
