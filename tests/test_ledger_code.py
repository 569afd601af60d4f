"""The code hash sees what can change a result and nothing else."""

import pytest

from harness.ledger import code

FILES = {
    "variants/__init__.py": "",
    "variants/builder.py": "import catalog.schema\nif TYPE_CHECKING:\n    import variants.ffn.other\n",
    "variants/ffn/__init__.py": "",
    "variants/ffn/mlp.py": '"""Doc."""\ndef forward(x):\n    """Doc."""\n    return x  # why\n',
    "variants/ffn/glu.py": "import variants.ffn.mlp\nY = 1\n",
    "variants/ffn/other.py": "Z = 1\n",
    "catalog/__init__.py": "",
    "catalog/schema.py": "S = 1\n",
    "harness/__init__.py": "",
    "harness/train/__init__.py": "from harness.train import loop\nimport harness.ledger.files\n",
    "harness/train/loop.py": "import variants.builder\n",
    "harness/tasks/copy.py": "T = 1\n",
    "harness/ledger/files.py": "F = 1\n",
    "harness/sweep.py": "W = 1\n",
}
SPEC = {
    "model": {"decoder": {"sublayers": [{"ffn": {"kind": "mlp"}}]}},
    "task": {"kind": "copy"},
    "train": {"schedule": {"kind": "cosine"}},
}


@pytest.fixture
def rooms(tmp_path, monkeypatch):
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(code, "_folders", lambda room: (tmp_path / room,))
    return tmp_path


def test_a_run_uses_its_kinds_and_what_training_imports(rooms):
    names = set(code.modules_of(SPEC))
    assert {
        "variants.ffn.mlp",
        "variants.builder",
        "catalog.schema",
        "harness.train.loop",
        "harness.tasks.copy",
    } <= names
    assert not names & {"variants.ffn.glu", "variants.ffn.other", "harness.ledger.files", "harness.sweep"}


def test_a_kind_without_its_own_file_makes_every_part_count(rooms):
    assert "variants.ffn.other" in code.modules_of({"model": {"kind": "hidden"}})


@pytest.mark.parametrize(
    ("name", "text", "changes"),
    [
        ("variants/ffn/mlp.py", '"""Other."""\n\n\ndef forward( x ):\n    return x\n', False),
        ("variants/ffn/mlp.py", "def forward(x):\n    return x + 1\n", True),
        ("variants/ffn/other.py", "Z = 2\n", False),
        ("variants/ffn/new.py", "N = 1\n", False),
        ("harness/sweep.py", "W = 2\n", False),
        ("catalog/schema.py", "S = 2\n", True),
    ],
)
def test_only_code_that_a_run_uses_changes_the_hash(rooms, name, text, changes):
    before = code.code_hash(SPEC)
    (rooms / name).write_text(text)
    code._read.cache_clear()
    assert (code.code_hash(SPEC) != before) is changes


def test_the_sort_of_device_and_the_version_of_torch_count(rooms, monkeypatch):
    before = code.code_hash(SPEC)
    assert code.code_hash(SPEC, "cuda") != before
    monkeypatch.setattr(code, "_torch_version", lambda: "9.9")
    assert code.code_hash(SPEC) != before
