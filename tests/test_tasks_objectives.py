"""Objectives on text: what is hidden, cut or replaced comes back from the batch, and units lose nothing."""

import math
from functools import cache

import numpy as np
import pytest
import torch

from catalog import resolve
from harness.datasets.text import load_text
from harness.tasks.bpe import BpeUnit
from harness.tasks.registry import build_task, fill_task
from harness.tasks.units import TEXT_UNITS
from harness.tasks.vocabulary import N_SPECIAL, PAD
from harness.train import Execution, run
from harness.train.objective import classes, nats
from task_samples import SPECS, invented

PROSE = "für die Ähre – " * 40 + "and so on, and so forth, and so on. " * 30


@cache
def task(kind, **options):
    return build_task({"kind": kind, "context_length": 32, "evaluation_tokens": 2048, **options})


@cache
def plays() -> bytes:
    return load_text("shakespeare", 8).read("train")


def said(ids) -> bytes:
    return bytes(int(i) - N_SPECIAL for i in ids)


@pytest.fixture
def cached(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


@pytest.mark.parametrize("unit", TEXT_UNITS)
def test_a_unit_of_text_loses_nothing_and_knows_its_bytes(unit, cached):
    made = TEXT_UNITS[unit]([PROSE], None)
    for text in (PROSE, "an unseen ≈ and 漢字", ""):
        ids = made.encode(text)
        assert made.decode(ids) == text
        assert made.byte_lengths[ids].sum() == len(text.encode())
        assert all(N_SPECIAL <= i < made.vocab_size for i in ids)


def test_pieces_are_learnt_once_for_a_text_and_a_size(cached, monkeypatch):
    first = BpeUnit([PROSE], 300)
    monkeypatch.setattr("harness.tasks.bpe._learn", lambda *_: pytest.fail("learnt again"))
    assert BpeUnit([PROSE], 300).key == first.key
    assert len(first.encode(PROSE)) < 0.8 * len(PROSE.encode())


def test_pieces_come_out_the_same_without_the_cache(cached, tmp_path, monkeypatch):
    first = BpeUnit([PROSE], 300)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "other"))
    assert BpeUnit([PROSE], 300).key == first.key
    assert BpeUnit([PROSE + "x"], 300).encode(PROSE)


def test_fewer_pieces_than_bytes_are_refused():
    with pytest.raises(ValueError, match=r"vocabulary_size: no room for all bytes .*got 100; allowed: 260 or more"):
        BpeUnit(["a"], 100)


def test_bits_per_byte_say_the_same_of_equal_likelihoods_in_any_unit(tmp_path, cached):
    path = tmp_path / "mine.txt"
    path.write_text("\n\n".join(f"Absatz {i} über {i * 7919 % 100}, für alle" for i in range(900)), encoding="utf-8")
    told = {}
    for unit in ("byte", "character", "bpe"):
        subject = task("language_modelling", data=str(path), unit=unit, vocabulary_size=300 if unit == "bpe" else None)
        batches = list(subject.evaluation("val", 16))
        # as likely as if every byte of it had one chance in eight
        sure = [invented(batch) for batch in batches]
        sure = [type(item)(item.batch, item.batch.groups["bytes"] * math.log(8), item.predicted) for item in sure]
        told[unit] = subject.score(sure)
        assert subject.metric == f"nats per {'piece' if unit == 'bpe' else unit}"
    assert all(row["shown"]["bits_per_byte"] == pytest.approx(3) for row in told.values())
    assert told["bpe"]["loss"] > told["character"]["loss"] > told["byte"]["loss"]


def test_hidden_tokens_are_masked_changed_or_kept_in_their_shares():
    subject = task("masked_language_modelling", share=0.25)
    batch = subject.batch(0, 0, 400)
    tokens, targets, scored = batch.inputs["tokens"], batch.targets, batch.weights > 0
    assert (scored.sum(1) == 8).all()
    assert np.array_equal(tokens[~scored], targets[~scored])
    assert all(said(row) in plays() for row in targets[:20])
    share = {"masked": (tokens == subject.mask)[scored].mean(), "kept": (tokens == targets)[scored].mean()}
    # six standard deviations of a share of 3,200 draws
    assert share["masked"] == pytest.approx(0.8, abs=0.042)
    assert share["kept"] == pytest.approx(0.1 + 0.1 / 256, abs=0.032)


def test_a_replacement_followed_its_neighbour_somewhere_in_training():
    subject = task("replaced_token_detection", generator="bigram")
    batch = subject.batch(0, 3, 50)
    originals = subject.windows.drawn(0, 3, 50)
    assert np.array_equal(batch.targets, (batch.inputs["tokens"] != originals).astype(int))
    assert 0.05 < batch.targets.mean() < 0.16
    for row, place in zip(*np.nonzero(batch.targets[:, 1:]), strict=True):
        pair = [originals[row, place], batch.inputs["tokens"][row, place + 1]]
        assert said(pair) in plays()


def test_replaced_tokens_are_told_apart_in_the_scores():
    subject = task("replaced_token_detection")
    told = subject.score(map(invented, subject.evaluation("val", 16)))
    # `invented` says no to each: right for what was kept
    assert told["shown"]["replaced_found"] == 0.0
    assert told["by"]["replaced"][0]["accuracy"] == 1.0


def test_cut_spans_and_kept_text_make_the_window_again():
    subject = task("span_corruption", share=0.3)
    batch, windows = subject.batch(0, 1, 40), subject.windows.drawn(0, 1, 40)
    first = subject.tokens.vocab_size
    for source, target, window in zip(batch.inputs["source"], batch.targets, windows, strict=True):
        spans, now = {}, None
        for token in target[target != PAD][:-1].tolist():
            now = token if token >= first else now
            spans.setdefault(now, []).extend([token] if token < first else [])
        read = source[source != PAD].tolist()
        assert [part for token in read for part in spans.get(token, [token])] == window.tolist()
        assert len(spans) == subject.n_spans == 3
        assert all(spans.values())


def test_prefix_and_rest_make_the_window_again_and_the_rest_alone_is_scored():
    subject = task("prefix_language_modelling")
    batch, windows = subject.batch(0, 1, 40), subject.windows.drawn(0, 1, 40)
    for source, target, window in zip(batch.inputs["source"], batch.targets, windows, strict=True):
        assert [*source[source != PAD], *target[target != PAD]] == window.tolist()
    assert np.array_equal(batch.weights > 0, batch.targets != PAD)


@pytest.mark.parametrize("kind", ["span_corruption", "prefix_language_modelling"])
def test_both_stacks_read_and_are_scored_on_the_same_rows(kind):
    views = [task(kind).for_model(SPECS[stack]).batch(0, 0, 8) for stack in ("decoder", "encoder_decoder")]
    assert np.array_equal(views[0].inputs["source"], views[1].inputs["source"])
    assert np.array_equal(views[0].targets, views[1].targets)


@pytest.mark.parametrize("kind", ["masked_language_modelling", "span_corruption", "replaced_token_detection"])
def test_a_held_out_window_is_corrupted_alike_whatever_stands_beside_it(kind):
    def read(size):
        batches = task(kind).evaluation("val", size)
        return np.concatenate([batch.inputs.get("source", batch.inputs["tokens"]) for batch in batches])

    assert np.array_equal(read(7), read(64))


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ({"kind": "masked_language_modelling", "masked": 0.8, "random": 0.3}, "masked, random: shares of one whole"),
        ({"kind": "span_corruption", "share": 1.0}, r"share: leaves no text \(got 1.0 of 64 tokens"),
        ({"kind": "prefix_language_modelling", "context_length": 1}, "context_length: cannot be cut"),
    ],
)
def test_shares_that_leave_nothing_are_refused(block, message):
    with pytest.raises(ValueError, match=message):
        build_task(block)


def test_one_logit_is_a_class_against_its_absence():
    logits = torch.tensor([[[2.0], [-1.0]]])
    targets = torch.tensor([[1, 0]])
    expected = torch.nn.functional.binary_cross_entropy_with_logits(logits[..., 0], targets.float(), reduction="none")
    assert torch.allclose(nats(logits, targets), expected)
    assert classes(logits).argmax(-1).tolist() == [[1, 0]]


def test_a_head_of_one_logit_trains_and_is_scored(tmp_path):
    block = fill_task({"kind": "replaced_token_detection", "context_length": 16, "evaluation_tokens": 256})
    subject = build_task(block)
    model = subject.adapt(resolve("pre-ln-encoder", None, {"d_model": 16, "n_layers": 1, "n_heads": 2, "d_ff": 32}))
    train = {"steps": 2, "batch_size": 4, "learning_rate": 0.01, "divergence_margin": None}
    spec = {"model": model, "task": block, "train": train, "seed": 0, "salt": "", "purpose": "tuning"}
    result = run(spec, tmp_path, lambda event: None, Execution(device="cpu"))["result"]
    assert 0.4 < result["initial_loss"] < 2
    assert set(result["shown"]) == {"accuracy", "replaced_found"}
