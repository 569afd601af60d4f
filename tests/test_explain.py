"""`bestiary explain`: the changes between two entries, and the sweep of what lies between them."""

import pytest

from bestiary import explaining
from bestiary.comparison_file import Question
from bestiary.explanation import explanation_of
from bestiary.options import Terms
from bestiary.scale import scaled_settings
from catalog import Catalog, resolve
from catalog.changes import changes
from catalog.comparing import flat

APART = ("vocab_size", "context_length", "decoder.ffn.d_ff")  # the task sets the first two, the budget the last


def question(start, end, **options):
    return Question("explain", (start, end), Terms(task="copy", **options))


def sizes(*entries):
    return [scaled_settings(Catalog().entry(entry).model, 64, 2) for entry in entries]


@pytest.mark.parametrize(
    ("start", "end"),
    [("gpt-2", "llama"), ("llama", "qwen3"), ("llama", "mixtral"), ("bart", "t5"), ("pre-ln", "post-ln")],
)
def test_all_changes_together_make_the_second_entry_of_the_first(start, end):
    of_start, of_end = sizes(start, end)
    wanted = resolve(end, None, of_end)
    found = changes(resolve(start, None, of_start), wanted, set(of_start))
    every = {path: value for overrides in found.values() for path, value in overrides.items()}
    reached, aim = flat(resolve(start, None, of_start | every)), flat(wanted)
    left = {path for path in {*reached, *aim} if reached.get(path) != aim.get(path)}
    assert left <= set(APART)


def test_each_change_is_named_by_its_part():
    sweep = explanation_of(question("gpt-2", "llama"))
    names = [variant.name for variant in sweep.tables[0].variants]
    assert names[:6] == ["gpt-2", "+ position", "+ norm", "+ attention", "+ ffn", "+ head"]
    assert "llama" in names
    assert "llama without norm" in names
    assert sweep.name.startswith("explain-copy-gpt-2-llama")
    assert sweep.title == sweep.tables[0].title == "From gpt-2 to llama on copy"


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        ("t5", "gpt-2", "one has encoder and decoder, the other decoder"),
        ("gpt-2", "gpt-j", "sublayers of the decoder differ"),
        ("gpt-2", "gemma-2", "several kinds of block"),
        ("gpt-2", "gpt-2", "two entries, each once"),
        ("bert", "roberta", r"explain: copy has no exact loss for bert \(encoder\)"),
        ("gpt-2@medium", "llama", "all entries are brought to one size; give gpt-2$"),
    ],
)
def test_entries_without_parts_to_exchange_are_refused_with_the_reason(start, end, said):
    with pytest.raises(ValueError, match=said):
        explanation_of(question(start, end))


def test_the_command_carries_the_question_and_can_be_given_again(cli, monkeypatch, tmp_path):
    seen = []
    monkeypatch.setattr(explaining, "launch", lambda *asked: seen.append(asked) or 0)
    assert cli("explain", "pre-ln", "post-ln", "--task=copy", "--seeds=5", f"--out={tmp_path}").code == 0
    ((sweep, words, orders),) = seen
    assert [variant.name for variant in sweep.tables[0].variants] == ["pre-ln", "post-ln"]
    assert words == ["explain", "pre-ln", "post-ln", "--task=copy", "--seeds=5"]
    assert orders.out == tmp_path
