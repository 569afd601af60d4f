"""A user's own text file: what is refused, and what the splits of an accepted one hold."""

import random

import pytest

from harness.datasets.text import load_text
from harness.datasets.text_file import REPEAT_BYTES, drop_repeats, split_file


def prose(paragraphs: int, seed: int = 0, words: int = 12) -> str:
    draw = random.Random(seed)
    lines = ["".join(draw.choice("abcdefgh ") for _ in range(6 * words)) for _ in range(paragraphs)]
    return "\n\n".join(lines) + "\n"


@pytest.fixture
def book(tmp_path):
    path = tmp_path / "book.txt"
    path.write_text(prose(400))
    return path


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b" \n\n\t\n", "is empty"),
        (b"text\0more", "is binary: NUL byte at offset 4"),
        (b"abc\xff\xfe text", "is not UTF-8 text: byte 0xff at offset 3"),
        ("für".encode("latin-1"), "is not UTF-8 text: byte 0xfc at offset 1"),
        (b"short", "is too small: its train split has 5 bytes"),
    ],
)
def test_a_file_that_cannot_serve_is_refused_by_name(tmp_path, content, message):
    path = tmp_path / "mine.txt"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message) as caught:
        load_text(str(path), 8)
    assert str(path) in str(caught.value)


def test_a_file_too_small_for_the_context_names_both_sizes(book):
    with pytest.raises(ValueError, match=r"val split has \d+ bytes and context_length 4096 needs at least 4097"):
        split_file(book, 4096)


@pytest.mark.parametrize("name", ["missing.txt", "", ".", "a" * 5000])
def test_what_is_neither_set_nor_file_is_refused_with_what_is_allowed(name):
    with pytest.raises(ValueError, match=r"no such text .*allowed: shakespeare, or the path of a UTF-8 text file"):
        load_text(name, 8)


def test_a_misspelt_set_gets_a_suggestion():
    with pytest.raises(ValueError, match=r"got 'shakespear'.*did you mean shakespeare\?"):
        load_text("shakespear", 8)


def test_splits_hold_every_byte_once_in_shares_of_90_5_and_5(book):
    splits = split_file(book, 8).parts
    total = book.stat().st_size
    assert sum(map(len, splits.values())) == pytest.approx(total, abs=2)
    assert len(splits["val"]) / total == pytest.approx(0.05, abs=0.02)
    assert len(splits["test"]) / total == pytest.approx(0.05, abs=0.02)


def test_the_same_text_is_cut_alike_wherever_it_lies(book, tmp_path):
    copy = tmp_path / "copy.txt"
    copy.write_bytes(book.read_bytes().replace(b"\n", b"\r\n"))
    assert split_file(copy, 8) == split_file(book, 8)
    assert load_text(str(copy), 8).digest == load_text(str(book), 8).digest


def test_another_text_has_another_digest(book, tmp_path):
    other = tmp_path / "other.txt"
    other.write_text(prose(400, seed=1))
    assert load_text(str(other), 8).digest != load_text(str(book), 8).digest


def test_no_long_paragraph_stands_in_two_splits_even_when_the_file_repeats_itself(tmp_path):
    path = tmp_path / "twice.txt"
    path.write_text(prose(300) + "\n" + prose(300).upper())
    parts = {split: paragraphs(text) for split, text in split_file(path, 8).parts.items()}
    assert not parts["train"] & (parts["val"] | parts["test"])
    assert not parts["val"] & parts["test"]


def test_short_paragraphs_may_repeat():
    assert drop_repeats([b"[Exit]\n\n", b"[Exit]\n\n"]) == [b"[Exit]\n\n", b"[Exit]\n\n"]
    long = b"x" * REPEAT_BYTES + b"\n\n"
    assert drop_repeats([long, long]) == [long]


def test_a_file_without_empty_lines_is_cut_at_its_lines(tmp_path):
    path = tmp_path / "lines.txt"
    path.write_text(prose(500).replace("\n\n", "\n"))
    splits = split_file(path, 8).parts
    assert all(text.endswith(b"\n") for text in splits.values())
    assert len(splits["train"]) > 0.8 * path.stat().st_size


def test_a_file_of_one_line_is_cut_too(tmp_path):
    path = tmp_path / "line.txt"
    path.write_text(prose(500).replace("\n", " "))
    assert all(len(text) > 500 for text in split_file(path, 8).parts.values())


def paragraphs(text: bytes) -> set[bytes]:
    parts = (b" ".join(part.lower().split()) for part in text.split(b"\n\n"))
    return {part for part in parts if len(part) >= REPEAT_BYTES}


def folder(path, **files):
    path.mkdir()
    for name, text in files.items():
        (path / f"{name}.txt").write_text(text)
    return path


def test_each_file_of_a_folder_is_a_document(tmp_path):
    pages = {f"page{i}": prose(1, seed=i) for i in range(60)}
    text = load_text(str(folder(tmp_path / "pages", **pages)), 8)
    held = [text.read(split).decode() for split in ("train", "val", "test")]
    assert sorted(part for split in held for part in split.split("\n\n") if part) == sorted(
        page.strip("\n") for page in pages.values()
    )


def test_a_folder_of_splits_keeps_them_and_drops_what_stands_in_a_later_one(tmp_path):
    shared = prose(1, seed=9)
    parts = {"train": prose(40) + "\n" + shared, "val": prose(5, seed=1), "test": prose(5, seed=2) + "\n" + shared}
    text = load_text(str(folder(tmp_path / "splits", **parts)), 8)
    assert shared.strip() in text.read("test").decode()
    assert shared.strip() not in text.read("train").decode()
    assert text.notes[0].startswith("train: 1 repeated documents dropped")


def test_what_is_no_text_in_a_folder_and_a_missing_split_are_refused(tmp_path):
    mixed = folder(tmp_path / "mixed", a=prose(3))
    (mixed / "b.bin").write_bytes(b"\0")
    with pytest.raises(ValueError, match=r"mixed holds what is no text file \(got b.bin; allowed: .txt files\)"):
        load_text(str(mixed), 8)
    half = folder(tmp_path / "half", train=prose(40), test=prose(5))
    with pytest.raises(ValueError, match=r"got test.txt, train.txt; allowed: train.txt, val.txt, test.txt"):
        load_text(str(half), 8)


def test_a_text_of_one_repeated_paragraph_says_why_it_is_too_small(tmp_path):
    path = tmp_path / "again.txt"
    path.write_text("\n\n".join([prose(1).strip()] * 500))
    with pytest.raises(ValueError, match=r"is too small \(499 repeated paragraphs dropped: .*99.8%"):
        load_text(str(path), 8)
