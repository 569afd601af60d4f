"""One step and one evaluation: accumulation, token weights, batch size."""

from functools import partial

import numpy as np
import pytest
import torch

from harness.train.compiled import compiled
from harness.train.evaluate import first_tokens, mean_nats, scored
from harness.train.feed import parts_of, to_device, tokens_read
from harness.train.options import parse
from harness.train.trainer import Trainer
from harness.train.weights import tensors_of
from train_stand_in import StandIn, TinyModel, make_batch

CPU = torch.device("cpu")
TRAIN = {"steps": 10, "batch_size": 16, "learning_rate": 0.01}


def trained(**options):
    torch.manual_seed(0)
    trainer = Trainer(TinyModel(aux=0.1), StandIn(), parse({**TRAIN, **options}), 3, CPU)
    trainer.model.train()
    losses = [float(trainer.step(step)[0]) for step in range(1, 6)]
    return losses, {name: t.double() for name, t in tensors_of(trainer.model).items() if name != "calls"}


def test_one_batch_of_sixteen_equals_four_of_four():
    losses, weights = trained(optimizer="sgd")
    again, parted = trained(optimizer="sgd", accumulate=4)
    # rows differ in length, so a mean of means would miss by far more than rounding; `aux` is a mean over rows here
    assert losses == pytest.approx(again, rel=1e-4)
    assert all(torch.allclose(weights[name], parted[name], atol=1e-4) for name in weights)


def test_smoothing_adds_a_share_of_all_classes_to_the_training_loss_and_nothing_to_validation():
    batch = make_batch(np.random.default_rng(0), 4)
    trainer = Trainer(TinyModel(), StandIn(), parse({**TRAIN, "label_smoothing": 0.1}), 3, CPU)
    feed = to_device(batch, CPU)
    smoothed, _ = trainer.losses(feed.inputs, feed.targets, feed.weights)
    log_p = trainer.model.run(**feed.inputs).logits.log_softmax(-1)
    own = -log_p.gather(-1, feed.targets[..., None])[..., 0]
    assert torch.isclose(smoothed, ((0.9 * own - 0.1 * log_p.mean(-1)) * feed.weights).sum())
    (item,) = scored(trainer.evaluated, [batch], CPU, "float32")
    assert torch.allclose(torch.from_numpy(item.nats).float(), own, atol=1e-6)


def test_the_average_of_weights_is_what_is_evaluated_and_leaves_training_as_it_is():
    torch.manual_seed(0)
    trainer = Trainer(TinyModel(), StandIn(), parse({**TRAIN, "ema": 0.5}), 3, CPU)
    expected = trainer.model.mix.weight.detach().clone()
    for step in range(1, 6):
        trainer.step(step)
        decay = min(0.5, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * trainer.model.mix.weight.detach()
    assert torch.allclose(trainer.evaluated.mix.weight, expected, atol=1e-6)
    assert not trainer.evaluated.mix.weight.requires_grad
    assert trainer.evaluated.out.weight is trainer.evaluated.embedding.weight
    torch.manual_seed(0)
    plain = Trainer(TinyModel(), StandIn(), parse(TRAIN), 3, CPU)
    for step in range(1, 6):
        plain.step(step)
    assert plain.evaluated is plain.model
    assert torch.equal(plain.model.mix.weight, trainer.model.mix.weight)


def test_an_average_begins_again_from_weights_that_were_put_in_later():
    trainer = Trainer(TinyModel(), StandIn(), parse({**TRAIN, "ema": 0.99}), 3, CPU)
    torch.nn.init.ones_(trainer.model.mix.weight)
    trainer.average.restart()
    assert torch.equal(trainer.evaluated.mix.weight, trainer.model.mix.weight)


def test_a_compiled_step_is_the_same_step(monkeypatch):
    # the eager backend runs what the compiler captured; inductor takes too long for a test
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="eager", fullgraph=True))
    losses, weights = trained()
    again, other = trained(compile=True)
    assert losses == pytest.approx(again, rel=1e-6)
    assert all(torch.allclose(weights[name], other[name], atol=1e-6) for name in weights)


def test_compiled_code_is_dropped_only_when_another_model_comes(monkeypatch):
    resets = []
    monkeypatch.setattr(torch.compiler, "reset", lambda: resets.append(1))
    monkeypatch.setattr(torch, "compile", lambda function: function)
    for spec in ({"d_model": 8}, {"d_model": 8}, {"d_model": 16}, {"d_model": 8}):
        compiled(len, spec)
    assert len(resets) == 3


def test_parts_keep_rows_and_order():
    batch = make_batch(np.random.default_rng(0), 16)
    parts = list(parts_of(batch, 4))
    assert [len(part.targets) for part in parts] == [4, 4, 4, 4]
    assert np.array_equal(np.concatenate([part.inputs["tokens"] for part in parts]), batch.inputs["tokens"])


def test_a_feed_knows_its_weight_and_a_batch_its_real_tokens():
    batch = make_batch(np.random.default_rng(0), 16)
    assert to_device(batch, CPU).weight == batch.weights.sum()
    assert tokens_read(batch) == batch.weights.sum()
    del batch.inputs["padding_mask"]
    assert tokens_read(batch) == 16 * 8


@pytest.mark.parametrize("rows", [1, 4, 7])
def test_evaluation_loss_does_not_depend_on_the_batch_size(rows):
    model, task = TinyModel(), StandIn()

    def loss(size):
        return mean_nats(scored(model, task.evaluation("val", size), CPU, "float32"))

    # float32 logits of a row may round apart in another batch; the weighted sum itself is float64
    assert loss(rows) == pytest.approx(loss(30), rel=1e-6)


def test_evaluation_weighs_tokens_not_rows_and_leaves_the_model_as_it_was():
    model = TinyModel(dropout=0.5)
    model.train()
    batches = list(StandIn().evaluation("val", 10))
    items = list(scored(model, batches, CPU, "float32"))
    assert model.training
    nats = np.concatenate([item.nats[item.batch.weights > 0] for item in items])
    assert mean_nats(items) == pytest.approx(nats.mean())
    assert mean_nats(items) == mean_nats(scored(model, batches, CPU, "float32"))


def test_the_slice_on_the_way_is_the_first_batches_that_bring_enough_tokens():
    batches = list(StandIn().evaluation("val", 10))
    tokens = [int(batch.weights.sum()) for batch in batches]
    assert len(first_tokens(batches, 1)) == 1
    assert len(first_tokens(batches, tokens[0] + 1)) == 2
    assert len(first_tokens(batches, 10**6)) == len(batches)
