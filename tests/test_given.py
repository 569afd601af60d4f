"""What a call gives a model: bad input is refused by its name, with what came and what is allowed."""

import pytest
import torch

from specs import build, decoder_spec, distance, encoder_decoder_spec, encoder_spec, part, tokens

X, SOURCE = tokens(2, 6), tokens(2, 5, seed=2)
REAL = torch.ones(2, 6, dtype=torch.bool)
PATCHES = {"embedding": part("embedding", "patch", image_size=8, patch_size=4), "head": part("head", "classifier")}
MODELS = {
    "decoder": decoder_spec(n_layers=1, position={"kind": "learned", "ids": "mask"}, visibility="prefix"),
    "encoder": encoder_spec(n_layers=1, model={"embedding": part("embedding", "token", segments=2)}),
    "both": encoder_decoder_spec(n_layers=1, model={"source_vocab_size": 41}),
    "images": encoder_spec(n_layers=1, model=PATCHES),
}


@pytest.mark.parametrize(
    ("which", "given", "said"),
    [
        ("decoder", {"tokens": X + 36}, r"tokens hold \d+; allowed: 0 to 36"),
        ("decoder", {"tokens": X - 37}, r"tokens hold -\d+; allowed: 0 to 36"),
        ("decoder", {"tokens": X, "source": SOURCE + 37}, r"source hold \d+; allowed: 0 to 36"),
        ("both", {"tokens": X, "source": SOURCE + 41}, r"source hold \d+; allowed: 0 to 40"),
        ("encoder", {"tokens": X, "segments": X * 0 - 1}, r"segments hold -1; allowed: 0 to 1"),
        ("encoder", {"tokens": X, "segments": X[:, 1:] * 0}, r"segments are int64, \(2, 5\); allowed: .* \(2, 6\)"),
        ("encoder", {"tokens": X, "segments": REAL}, r"segments are bool, \(2, 6\); allowed: int64"),
        ("encoder", {"tokens": X.float()}, r"tokens are float32, \(2, 6\); allowed: int64 or int32, \(B, T\)"),
        ("encoder", {"tokens": X[0]}, r"tokens are int64, \(6,\); allowed: .* \(B, T\) with a row and a slot"),
        ("decoder", {"tokens": X[:, :0]}, r"tokens are int64, \(2, 0\)"),
        ("decoder", {"tokens": X[:0]}, r"tokens are int64, \(0, 6\)"),
        ("both", {"tokens": X, "source": SOURCE[:, :0]}, r"source are int64, \(2, 0\)"),
        ("both", {"tokens": X, "source": SOURCE[:1]}, r"tokens have 2 rows; allowed: 1, as source has"),
        ("both", {"tokens": X}, "an encoder-decoder needs `source`"),
        ("decoder", {"tokens": X, "padding_mask": REAL[:, 1:]}, r"padding_mask is bool, \(2, 5\); allowed: .*\(2, 6\)"),
        ("decoder", {"tokens": X, "padding_mask": REAL[:1]}, r"padding_mask is bool, \(1, 6\)"),
        ("encoder", {"tokens": X, "padding_mask": REAL.long()}, r"padding_mask is int64, .*allowed: bool.*mask.bool"),
        (
            "both",
            {"tokens": X, "source": SOURCE, "source_padding_mask": REAL},
            r"source_padding_mask is bool, \(2, 6\); allowed: bool, \(2, 5\)",
        ),
        ("both", {"tokens": X, "source_padding_mask": REAL}, "an encoder-decoder needs `source`"),
        ("decoder", {"tokens": X, "source_padding_mask": REAL}, "`source_padding_mask` was given without `source`"),
        ("decoder", {"tokens": tokens(2, 25)}, "the text takes 25 slots; context_length is 24"),
        (
            "decoder",
            {"tokens": tokens(2, 25), "padding_mask": torch.ones(2, 25, dtype=torch.bool)},
            "a text takes 25 positions; context_length is 24",
        ),
        (
            "images",
            {"tokens": torch.randn(2, 3, 8, 7)},
            r"tokens are .*\(2, 3, 8, 7\); allowed: images, .*\(B, 3, 8, 8\)",
        ),
        ("images", {"tokens": torch.zeros(2, 3, 8, 8, dtype=torch.uint8)}, "uint8.*allowed: images, floating point"),
    ],
)
def test_bad_input_is_refused_by_its_name(which, given, said):
    with pytest.raises(ValueError, match=said):
        build(MODELS[which])(**given)


def test_padding_may_make_a_text_longer_than_the_table():
    x, mask = tokens(2, 30), torch.zeros(2, 30, dtype=torch.bool)
    mask[:, 10:] = True
    model = build(MODELS["decoder"])
    assert distance(model(x, mask)[:, 10:], model(x[:, 10:])) < 1e-10


def test_a_state_takes_its_own_number_of_rows_and_one_source():
    for which in ("both", "decoder"):
        model = build(MODELS[which])
        state = model.new_state(2, 12)
        with pytest.raises(ValueError, match="tokens have 1 rows; allowed: 2, as the decoding state has"):
            model.run(X[:1], source=SOURCE[:1], state=state)
        model.run(X[:, :2], source=SOURCE, state=state)
        with pytest.raises(ValueError, match="`source` was given, but this decoding state has one already"):
            model.run(X[:, 2:3], source=SOURCE, state=state)


@pytest.mark.parametrize(
    ("source", "mask", "said"),
    [
        (SOURCE + 41, None, r"source hold \d+; allowed: 0 to 40"),
        (SOURCE, REAL, r"padding_mask is bool, \(2, 6\); allowed: bool, \(2, 5\)"),
    ],
)
def test_what_is_encoded_is_checked_as_what_is_read(source, mask, said):
    with pytest.raises(ValueError, match=said):
        build(MODELS["both"]).encode(source, mask)


def test_an_error_within_a_part_is_not_taken_for_bad_input():
    model = build(MODELS["encoder"])
    model.head.forward = lambda *_: [][1]
    with pytest.raises(IndexError, match="list index"):
        model(X)
