"""Loading a reference: every tensor of the library's and of ours counts once, and each way to get it wrong is told."""

from dataclasses import replace

import pytest
import torch

from catalog import resolve
from variants import from_transformers, shrink
from variants.registry import records
from variants.weights import load_reference
from variants.weights.entries import candidates, known_entries
from variants.weights.exporting import config_for
from variants.weights.importing import build_known, empty_model, spec_of
from variants.weights.parity import tiny_reference

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def known():
    return {each.id: each for each in known_entries()}


@pytest.fixture(scope="module")
def gpt_2(known):
    return tiny_reference(known["gpt-2"])


@pytest.fixture(scope="module")
def bart(known):
    return tiny_reference(known["bart"])


def load(known, reference, changed=None, **changes):
    """Loads with tensors changed by name (None: left out) and with tables changed."""
    tensors = {**reference.state_dict(), **(changed or {})}
    tensors = {name: tensor for name, tensor in tensors.items() if tensor is not None}
    model = empty_model(spec_of(reference.config, known), torch.float32)
    load_reference(model, tensors, replace(known.reference, **changes))
    return model


def test_a_missing_tensor_names_our_parameter_and_the_rule(known, gpt_2):
    with pytest.raises(ValueError, match=r"positions.0.table.weight is set by no rule.*transformer\.wpe"):
        load(known["gpt-2"], gpt_2, {"transformer.wpe.weight": None})


def test_a_misspelt_tensor_is_told_with_the_near_one(known, gpt_2):
    tensor = gpt_2.state_dict()["transformer.wpe.weight"]
    with pytest.raises(ValueError, match=r"did you mean transformer\.wp\.weight") as error:
        load(known["gpt-2"], gpt_2, {"transformer.wpe.weight": None, "transformer.wp.weight": tensor})
    assert "transformer.wp.weight (24, 32) is used by no rule" in str(error.value)


def test_a_tensor_that_no_rule_uses_is_refused_until_it_is_listed(known, gpt_2):
    extra = {"transformer.h.0.attn.masked_bias": torch.zeros(1)}
    with pytest.raises(ValueError, match=r"masked_bias .* is used by no rule and not listed under ignore"):
        load(known["gpt-2"], gpt_2, extra)
    load(known["gpt-2"], gpt_2, extra, ignore=("attn.masked_bias",))


def test_a_tensor_that_two_rules_use_is_refused(known, gpt_2):
    rules = known["gpt-2"].reference.rules
    table = next(rule for rule in rules if rule.to == ("embedding.table",))
    twice = replace(table, to=("final_norm",))
    with pytest.raises(ValueError, match=r"transformer\.wte\.weight is used by 2 rules"):
        load(known["gpt-2"], gpt_2, rules=(*(r for r in rules if r.to != ("final_norm",)), twice))


def test_a_parameter_that_two_rules_set_is_refused(known, gpt_2):
    rules = known["gpt-2"].reference.rules
    norm = next(rule for rule in rules if rule.to == ("final_norm",))
    extra = {"other.weight": torch.ones(32), "other.bias": torch.ones(32)}
    with pytest.raises(ValueError, match=r"final_norm\.weight is set by 2 rules"):
        load(known["gpt-2"], gpt_2, extra, rules=(*rules, replace(norm, sources=("other",))))


def test_shapes_that_differ_are_told_with_both(known, gpt_2):
    with pytest.raises(ValueError, match=r"shapes \[\(25, 32\)\], wanted \[\(24, 32\)\]"):
        load(known["gpt-2"], gpt_2, {"transformer.wpe.weight": torch.zeros(25, 32)})


def test_a_second_name_of_a_tensor_must_agree(known, gpt_2):
    with pytest.raises(ValueError, match="two names of one tensor"):
        load(known["gpt-2"], gpt_2, {"lm_head.weight": torch.zeros(37, 32)})


def test_a_tensor_that_came_under_its_second_name_alone_is_found(known, gpt_2):
    model = load(known["gpt-2"], gpt_2, {"transformer.wte.weight": None})
    assert torch.equal(model.embedding.table.weight, gpt_2.state_dict()["transformer.wte.weight"])


def test_a_tensor_that_must_be_zero_is_refused_when_it_is_not(known, bart):
    with pytest.raises(ValueError, match=r"final_logits_bias is not 0\.0 everywhere"):
        load(known["bart"], bart, {"final_logits_bias": torch.ones(1, 37)})


def test_the_message_stays_readable_when_all_is_wrong(known, gpt_2):
    with pytest.raises(ValueError, match=r"and .* more") as error:
        load(known["gpt-2"], gpt_2, rules=())
    assert len(str(error.value).splitlines()) < 20


def test_a_class_without_an_entry_is_refused_with_what_is_supported():
    from transformers import BertConfig, BertModel

    config = BertConfig(hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16, vocab_size=9)
    with pytest.raises(ValueError, match=r"BertModel .*supported: .*BertForMaskedLM \(bert\)"):
        from_transformers(BertModel(config))


def test_a_suggested_class_is_one_of_the_same_type():
    with pytest.raises(ValueError, match=r"BertForQuestionAnswering .*no reference") as error:
        candidates("bert", "BertForQuestionAnswering", None, None)
    assert "BartForConditionalGeneration?" not in str(error.value)


def test_what_is_no_model_of_the_library_is_refused():
    for other in ("gpt2", torch.nn.Linear(2, 2)):
        with pytest.raises(ValueError, match=f"got {type(other).__name__}; allowed: a PreTrainedModel"):
            from_transformers(other)


def test_a_config_field_that_no_table_reads_is_refused_unless_it_is_at_its_default(known, gpt_2):
    gpt_2.config.scale_attn_weights = False
    try:
        with pytest.raises(ValueError, match="scale_attn_weights=False is not understood"):
            build_known(gpt_2, known["gpt-2"])
    finally:
        gpt_2.config.scale_attn_weights = True


@pytest.mark.parametrize(
    ("entry", "field", "key", "value"),
    [
        ("llama", "rope_parameters", "partial_rotary_factor", 0.5),
        ("dbrx", "attn_config", "qk_ln", True),
        ("dbrx", "ffn_config", "ffn_act_fn", {"name": "silu", "bound": 2.0}),
    ],
)
def test_a_key_of_a_nested_map_that_no_table_reads_is_refused(known, entry, field, key, value):
    config = config_for(shrink(resolve(entry, records=records())), known[entry])
    setattr(config, field, config.to_dict()[field] | {key: value})
    with pytest.raises(ValueError, match=rf"{field}\.{key}.* is not understood"):
        spec_of(config, known[entry])


def test_an_activation_without_a_row_is_refused_with_those_that_have_one(known, gpt_2):
    gpt_2.config.activation_function = "mish"
    try:
        with pytest.raises(ValueError, match=r"activation_function='mish'; allowed: .*gelu_new"):
            build_known(gpt_2, known["gpt-2"])
    finally:
        gpt_2.config.activation_function = "gelu_new"


def test_a_model_in_bfloat16_stays_in_bfloat16(known, gpt_2):
    import copy

    assert next(from_transformers(copy.deepcopy(gpt_2).bfloat16()).parameters()).dtype == torch.bfloat16
