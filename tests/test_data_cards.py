"""The embedded data is what its cards say, carries its licences, and a damaged file is refused."""

import lzma
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from harness.data import build
from harness.datasets.cards import SPLITS, available, card_digest, load_card
from harness.datasets.vendored import read_split

DATA = Path(build.__file__).parent
NAMES = available()
FILES = [(name, split) for name in NAMES for split in SPLITS]


def test_the_five_sets_are_there():
    assert set(NAMES) == {"shakespeare", "g2p", "dates", "wordnet", "digits"}


@pytest.mark.parametrize(("name", "split"), FILES)
def test_a_file_has_the_bytes_lines_and_digests_of_its_card(name, split):
    facts = load_card(name).files[split]
    packed = (DATA / name / facts.file).read_bytes()
    content = lzma.decompress(packed)
    assert sha256(packed).hexdigest() == facts.sha256
    assert sha256(content).hexdigest() == facts.content_sha256
    assert (len(content), content.count(b"\n")) == (facts.bytes, facts.items)


@pytest.mark.parametrize("name", NAMES)
def test_a_card_names_its_source_licence_and_licence_files(name):
    card = load_card(name)
    assert card.name == name
    assert "==" in card.package
    assert card.source.startswith("https://")
    assert all([card.licence, card.split_rule, card.title, card.note])
    assert all((DATA / "LICENSES" / file).read_text(encoding="utf-8") for file in card.licence_files)


def test_every_licence_file_belongs_to_a_card_and_every_set_is_in_the_notice():
    used = {file for name in NAMES for file in load_card(name).licence_files}
    assert {path.name for path in (DATA / "LICENSES").iterdir()} == used
    notice = (DATA / "NOTICE.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in notice for name in NAMES)
    assert all(f"LICENSES/{file}" in notice for file in used)


def test_every_set_is_small_and_has_a_recipe():
    assert all((DATA / "recipes" / f"{name}.py").is_file() for name in NAMES)
    assert all((DATA / name / load_card(name).files[split].file).stat().st_size < 2**19 for name, split in FILES)


def test_a_changed_file_is_refused_with_file_expected_and_found(tmp_path):
    card = load_card("digits")
    changed = lzma.compress(b"0,1,2\n")
    (tmp_path / card.files["val"].file).write_bytes(changed)
    with pytest.raises(ValueError) as caught:
        read_split(card, "val", tmp_path)
    message = str(caught.value)
    assert str(tmp_path / "val.csv.xz") in message
    assert f"expected {card.files['val'].sha256}, found {sha256(changed).hexdigest()}" in message
    assert card.build in message


def test_a_file_cut_short_is_refused_by_its_digest_and_not_by_the_decompressor(tmp_path):
    card = load_card("digits")
    whole = (DATA / "digits" / card.files["val"].file).read_bytes()
    (tmp_path / card.files["val"].file).write_bytes(whole[:1000])
    with pytest.raises(ValueError, match=r"sha256 expected .* found"):
        read_split(card, "val", tmp_path)


def test_wrong_content_under_a_right_file_digest_is_refused(tmp_path):
    card = load_card("digits")
    changed = lzma.compress(b"0,1,2\n")
    facts = replace(card.files["val"], sha256=sha256(changed).hexdigest())
    (tmp_path / facts.file).write_bytes(changed)
    with pytest.raises(ValueError, match="unpacked: sha256 expected"):
        read_split(replace(card, files={**card.files, "val": facts}), "val", tmp_path)


def test_a_missing_file_says_how_to_get_it_back(tmp_path):
    with pytest.raises(ValueError, match=r"val\.csv\.xz is missing: .*python -m harness\.data\.build"):
        read_split(load_card("digits"), "val", tmp_path)


def test_the_digest_of_a_set_covers_every_split():
    card = load_card("digits")
    for split in SPLITS:
        other = replace(card.files[split], content_sha256="0" * 64)
        assert card_digest(replace(card, files={**card.files, split: other})) != card_digest(card)
