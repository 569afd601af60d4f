"""YAML is read as people mean it, keeps its places, and never ends in a traceback."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog import CatalogError, check
from catalog.yaml_loader import load_file, load_text, mark_of
from catalog_samples import FACTS, MODEL_TEXT, RECORDS

QUIET = settings(
    deadline=None, derandomize=True, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 1e-3),
        ("1e5", 1e5),
        (".5", 0.5),
        ("2019-02", "2019-02"),
        ("2019-02-03", "2019-02-03"),
        ("12:30:00", "12:30:00"),
        ("off", "off"),
        ("yes", "yes"),
        ("no", "no"),
        ("True", "True"),
        ("true", True),
        ("null", None),
        ("~", None),
        ("0x10", 16),
        ("-3", -3),
        ("1_000", "1_000"),
        ("'1'", "1"),
    ],
)
def test_scalars_are_what_they_look_like(text, value):
    loaded = load_text(f"a: {text}", "f.yaml")["a"]
    assert loaded == value
    assert type(loaded) is type(value)


def test_every_value_keeps_its_file_and_line():
    loaded = load_text("a: 1\nb:\n  c: [x,\n    y]\n", "f.yaml")
    assert [mark_of(loaded, "a").line, mark_of(loaded["b"], "c").line, mark_of(loaded["b"]["c"], 1).line] == [1, 3, 4]
    assert mark_of(loaded, "a").file == "f.yaml"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\n\tb: 2", "f.yaml:2: the line is indented with a tab; YAML wants spaces"),
        ("a: 1\nb: 2\na: 3", "f.yaml:3: the key 'a' is given twice, first on line 1; keep one of them"),
        ("a:\n  <<: {b: 1}", "f.yaml:2: `<<` is not supported; write `extends: <entry>`"),
        ("a: !!python/name:os.system x", "f.yaml:1: the tag"),
        ("a: [1, 2", "f.yaml:1: is not valid YAML"),
        ("a: 'x", "f.yaml:1: is not valid YAML"),
        ("a: *b", "f.yaml:1: is not valid YAML"),
        ("? [a]\n: b", "f.yaml:1: a key must be text"),
        ("a: 1\n---\nb: 2", "f.yaml:2: is not valid YAML"),
        ("a: &x [*x]", "f.yaml:1: is too large"),
        ("a: \x07", "f.yaml:1: "),
    ],
)
def test_what_is_no_clear_yaml_is_refused_with_its_line(text, message):
    with pytest.raises(CatalogError) as caught:
        load_text(text, "f.yaml")
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_aliases_that_multiply_are_stopped():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9)]
    with pytest.raises(CatalogError, match="do aliases multiply"):
        load_text("\n".join(lines), "f.yaml")


def test_a_file_that_is_no_text_is_refused_with_its_line(tmp_path):
    (tmp_path / "a.yaml").write_bytes(b"a: 1\nb: \xff\xfe")
    with pytest.raises(CatalogError, match=r"a\.yaml:2: is no UTF-8 text"):
        load_file(tmp_path / "a.yaml")


def checked(folder, text):
    """Check an entry of this text; every fault must have a place."""
    (folder / "it.yaml").write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
    faults = []
    try:
        check("it", user=folder, records=RECORDS)
    except CatalogError as error:
        faults = error.faults or [None]
    assert all(fault.file and fault.file.endswith("it.yaml") and fault.line for fault in faults)


def test_the_sample_is_an_entry(tmp_path):
    (tmp_path / "it.yaml").write_text(FACTS + MODEL_TEXT)
    check("it", user=tmp_path, records=RECORDS)


@QUIET
@given(text=st.one_of(st.binary(max_size=200), st.text(max_size=200)))
def test_arbitrary_bytes_never_give_a_traceback(tmp_path, text):
    checked(tmp_path, text)


@QUIET
@given(
    start=st.integers(0, len(FACTS + MODEL_TEXT)),
    length=st.integers(0, 40),
    put=st.one_of(
        st.text(alphabet="[]{}:,-#&*!|>'\"%@`\t\n \\?~x1.", max_size=8),
        st.sampled_from(
            ["null", "3", "[]", "{}", "\n  a: b", ": ", "*x", "&x ", "kind: ", "- ", "decoder: 1\n", "sizes: [1]\n"]
        ),
    ),
)
def test_an_entry_with_a_piece_torn_out_never_gives_a_traceback(tmp_path, start, length, put):
    text = FACTS + MODEL_TEXT
    checked(tmp_path, text[:start] + put + text[start + length :])


WORDS = st.sampled_from(
    [
        "kind",
        "sort",
        "attention",
        "ffn",
        "norm",
        "position",
        "residual",
        "decoder",
        "encoder",
        "model",
        "sublayers",
        "blocks",
        "pattern",
        "prefix",
        "share",
        "groups",
        "softmax",
        "mlp",
        "pre_norm",
        "rope",
        "default",
        "unverified",
        "paper",
        "title",
        "year",
        "sizes",
        "published",
        "extends",
        "it",
        "name",
        "d_model",
        "n_layers",
        "eps",
    ]
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), WORDS, st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(WORDS, inner, max_size=4)),
    max_leaves=12,
)


FIELDS = "position norm residual visibility sublayers blocks prefix pattern suffix share n_layers"
PLACES = st.one_of(
    st.lists(WORDS, min_size=1, max_size=3),
    st.sampled_from(["extends", "model", "sizes", "reference", "paper", "unverified", "published", "date"]).map(
        lambda name: [name]
    ),
    st.sampled_from(["embedding", "decoder", "encoder", "head", "init", "d_model", "n_layers", "n_heads"]).map(
        lambda name: ["model", name]
    ),
    st.sampled_from(FIELDS.split()).map(lambda name: ["model", "decoder", name]),
)


@QUIET
@given(value=VALUES, path=PLACES)
def test_an_entry_with_any_value_anywhere_never_gives_a_traceback(tmp_path, value, path):
    import yaml

    entry = yaml.safe_load(FACTS + MODEL_TEXT)
    holder = entry
    for key in path[:-1]:
        holder = holder.setdefault(key, {}) if isinstance(holder, dict) else holder
    if isinstance(holder, dict):
        holder[path[-1]] = value
    checked(tmp_path, yaml.safe_dump(entry))
