"""Models of every stack and every sort of decoding state, small, for the tests of their use."""

from specs import decoder_spec, encoder_decoder_spec

WINDOW = {"kind": "softmax", "n_heads": 4, "visibility": {"kind": "window", "window": 3}}
READS = {"recurrence": {"kind": "attentive_gru", "d_hidden": 10}}
FED = {"recurrence": {"kind": "gru", "bridge": "last", "feed": True}}
MLP = {"ffn": "mlp"}

DECODERS = {
    "rope": decoder_spec(position="rope"),
    "learned": decoder_spec(position="learned"),
    "alibi": decoder_spec(position="alibi"),
    "shared": decoder_spec(position="sinusoidal", groups=[0, 0]),
    "window": decoder_spec([{"attention": WINDOW}, MLP], position="rope"),
    "window-t5": decoder_spec([{"attention": WINDOW}, MLP], position={"kind": "t5_bucket", "n_heads": 4}),
    "transformer-xl": decoder_spec([{"attention": WINDOW}, MLP], position={"kind": "transformer_xl", "n_heads": 4}),
    "linear": decoder_spec([{"attention": {"kind": "linear", "n_heads": 4}}, MLP], position="learned"),
    "gru": decoder_spec([{"recurrence": "gru"}]),
    "lstm": decoder_spec([{"recurrence": "lstm"}]),
    "rnn": decoder_spec([{"recurrence": "rnn"}]),
    "short-conv": decoder_spec([{"convolution": "short_conv"}, {"attention": "softmax"}, MLP], position="rope"),
}
PREFIXED = {
    "prefix-rope": decoder_spec(position="rope", visibility="prefix"),
    "prefix-learned": decoder_spec(position="learned", visibility="prefix"),
}
ENCODER_DECODERS = {
    "seq2seq": encoder_decoder_spec(position="learned", encoder={"position": "learned"}),
    "seq2seq-rope": encoder_decoder_spec(position="rope", encoder={"position": "rope"}),
    "rnnsearch": encoder_decoder_spec(
        [READS], encoder_sublayers=[{"recurrence": {"kind": "gru", "bidirectional": True}}]
    ),
    "rnn-encdec": encoder_decoder_spec([FED], encoder_sublayers=[{"recurrence": "gru"}]),
}
