"""Segment ids of the token embedding: one vector each, with tasks beside them, and behind a prefix."""

import pytest
import torch

from part_checks import CLOSE, assert_certified
from specs import build, decoder_spec, distance, encoder_spec, part, tokens
from variants.builder import build_model


def embedding(**options):
    return {"embedding": part("embedding", "token", **options)}


def embedded(model, **inputs):
    """What the first block reads."""
    seen = []
    stack = model.encoder or model.decoder
    handle = stack.blocks[0].register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    model(**inputs)
    handle.remove()
    return seen[0]


@pytest.mark.parametrize("make", [decoder_spec, encoder_spec])
def test_segments_and_tasks_pass_the_certificate(make):
    assert_certified(make(model=embedding(segments=2, tasks=3)))


def test_a_segment_id_tells_segment_and_task_where_there_are_tasks():
    model, x = build(encoder_spec(model=embedding(segments=2, tasks=3))), tokens(1, 3)
    segment, task = model.embedding.segment_table.weight, model.embedding.task_table.weight
    plain = model.embedding.table(x)
    given = embedded(model, tokens=x, segments=torch.tensor([[0, 3, 5]]))
    assert distance(given, plain + segment[[0, 1, 1]] + task[[0, 1, 2]]) < CLOSE
    assert distance(embedded(model, tokens=x), plain + segment[0] + task[0]) < CLOSE


@pytest.mark.parametrize("tasks", [0, 3])
def test_a_segment_id_beyond_the_tables_is_refused(tasks):
    with pytest.raises(ValueError, match=f"segments hold 6; allowed: 0 to {2 * max(tasks, 1) - 1}"):
        build(encoder_spec(model=embedding(segments=2, tasks=tasks)))(tokens(1, 1), segments=torch.tensor([[6]]))


def test_tasks_without_segments_are_refused():
    with pytest.raises(ValueError, match="tasks=3 are told by segment ids"):
        build_model(encoder_spec(model=embedding(tasks=3)))


def test_the_slots_of_a_prefix_are_of_segment_zero():
    model = build(decoder_spec(visibility="prefix", model=embedding(segments=2)))
    x, source = tokens(2, 4), tokens(2, 3, seed=2)
    given = embedded(model, tokens=x, source=source, segments=torch.ones_like(x))
    segment = model.embedding.segment_table.weight
    assert distance(given, model.embedding.table(torch.cat([source, x], 1)) + segment[[0, 0, 0, 1, 1, 1, 1]]) < CLOSE
