"""The recipes that cut the embedded data, on small stand-ins for the source packages."""

import gzip
import io
import tarfile
import zipfile
from datetime import date

import pytest

from harness.data import build
from harness.data.recipes import dates, digits, g2p, wordnet
from harness.data.recipes.families import families, stem
from harness.data.recipes.shakespeare import plain_text
from harness.data.unpack import find_package, unpack
from harness.datasets.cards import SPLITS, load_card
from harness.datasets.vendored import read_split


def test_plays_lose_their_marks_but_not_a_letter():
    markdown = "# Hamlet\n\n## ACT I\n\n_Enter GHOST_\n\n**BERNARDO**  \nWho's _not_ there?  \nNay\\.\n"
    expected = "Hamlet\n\nACT I\n\n[Enter GHOST]\n\nBERNARDO:\nWho's [not] there?\nNay.\n\n"
    assert plain_text(markdown) == expected


def test_a_stray_underscore_stays_within_its_paragraph():
    assert plain_text("an_odd one\n\n_Exit_\n") == "anodd one\n\n[Exit]\n\n"


def test_a_direction_in_brackets_gets_no_second_pair():
    assert plain_text("_[Exit_\n\n_[Aside]_\n") == "[Exit]\n\n[Aside]\n\n"


@pytest.mark.parametrize(
    "words",
    [("bake", "baker", "bakers", "baking", "baked"), ("run", "running", "runs"), ("carry", "carries", "carried")],
)
def test_inflections_share_a_stem(words):
    assert len({stem(word) for word in words}) == 1


def test_families_join_stems_and_near_spellings():
    kin = families(["bake", "baking", "market", "mark", "bat", "batman", "dog"])
    assert kin == [["bake", "baking"], ["bat"], ["batman"], ["dog"], ["mark", "market"]]


def test_pronunciations_keep_the_order_and_drop_notes_and_odd_words():
    listed = g2p.pronunciations("ab AE1 B # note\nab(2) EY1 B\na.b. AE1\na AH0\n'tis T IH1 Z\n")
    assert listed == {"ab": ["AE1 B", "EY1 B"]}


def test_no_g2p_word_has_a_relative_in_another_split():
    words = {split: [line.split("\t")[0] for line in content("g2p", split)] for split in SPLITS}
    home = {word: split for split, listed in words.items() for word in listed}
    assert all(len({home[word] for word in family}) == 1 for family in families(home))


def test_plays_stand_in_one_split_each():
    titles = {split: [line for line in content("shakespeare", split) if line == "ACT I"] for split in SPLITS}
    assert {split: len(found) for split, found in titles.items()} == {"train": 7, "val": 1, "test": 2}
    assert content("shakespeare", "val")[0] == "The Tempest"
    assert content("shakespeare", "test")[0] == "Macbeth"
    assert "Twelfth Night" in "\n".join(content("shakespeare", "test"))


def test_no_calendar_day_and_no_text_of_a_date_stands_in_two_splits():
    rows = {split: [line.split("\t") for line in content("dates", split)] for split in SPLITS}
    assert disjoint({split: {day for _, day in listed} for split, listed in rows.items()})
    assert disjoint({split: {text for text, _ in listed} for split, listed in rows.items()})
    assert all(date.fromisoformat(day) for listed in rows.values() for _, day in listed)


def test_no_wording_of_a_definition_stands_twice():
    keys = [wordnet.wording(line.split("\t")[0]) for split in SPLITS for line in content("wordnet", split)]
    assert len(keys) == len(set(keys)) == 24_000
    assert {line.split("\t")[1] for line in content("wordnet", "train")} == set(wordnet.CLASSES.values())


def test_no_image_stands_twice_and_every_digit_is_split_alike():
    rows = {split: content("digits", split) for split in SPLITS}
    everything = [line for listed in rows.values() for line in listed]
    assert len(everything) == len(set(everything)) == 1797
    for digit in "0123456789":
        count = {split: sum(line.endswith(f",{digit}") for line in listed) for split, listed in rows.items()}
        assert count["test"] == sum(count.values()) // 5
        assert count["val"] == sum(count.values()) // 10


def test_definitions_leave_out_examples_unique_beginners_and_the_licence():
    data = (
        "  1 a licence line | not data\n"
        "0001 03 n 01 entity 0 000 | that which is\n"
        '0002 04 n 01 run 0 000 | a score; "the run"; "a run"\n'
    )
    assert list(wordnet.definitions(data)) == [("act", "a score")]


def test_a_text_that_means_two_days_maps_to_nothing(monkeypatch):
    monkeypatch.setattr(dates, "STRINGS", 40)
    found = dates.sample(lambda day, form, locale: f"{day:%d.%m}")
    assert "" in found.values()
    assert {len(day) for day in found.values() if day} <= {10}


def test_digits_are_cut_from_the_table_of_the_package(tmp_path):
    table = "\n".join(f"{i}.0,1.0,{i % 2}" for i in range(40))
    folder = tmp_path / "sklearn/datasets/data"
    folder.mkdir(parents=True)
    (folder / "digits.csv.gz").write_bytes(gzip.compress(table.encode()))
    rows = digits.cut(tmp_path)
    assert {split: text.count("\n") for split, text in rows.items()} == {"train": 28, "val": 4, "test": 8}


def test_a_wheel_a_deb_and_a_folder_are_found_and_opened(tmp_path):
    with zipfile.ZipFile(tmp_path / "my_set-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("data.txt", "wheel")
    (tmp_path / "other_2%3a3.0-1_all.deb").write_bytes(deb({"data.txt": b"deb"}))
    found = {name: find_package(name, tmp_path) for name in ("my-set==1.0", "other==2:3.0-1")}
    for place, (name, path) in enumerate(found.items()):
        opened = unpack(path, tmp_path / str(place))
        assert (opened / "data.txt").read_text() == {"my-set==1.0": "wheel", "other==2:3.0-1": "deb"}[name]
    assert unpack(tmp_path / "0", tmp_path) == tmp_path / "0"


def test_a_missing_package_ends_the_build_with_two_and_its_name(tmp_path, capsys):
    assert build.main([str(tmp_path), "digits"]) == 2
    assert "no package scikit-learn==1.9.1" in capsys.readouterr().err


def test_an_unknown_set_ends_the_build_with_two_and_the_names(tmp_path, capsys):
    with pytest.raises(SystemExit, match="2"):
        build.main([str(tmp_path), "digit"])
    assert "unknown data set digit (allowed: dates, digits, g2p, shakespeare, wordnet)" in capsys.readouterr().err


def test_the_build_says_which_split_differs_and_how():
    card = load_card("digits")
    built = {split: read_split(card, split) for split in SPLITS}
    said: list[str] = []
    assert build.report(card, built, said.append)
    assert all("same" in line for line in said)
    assert not build.report(card, {**built, "val": b"other\n"}, said.append)
    assert "digits val: 6 bytes, content differs: card " in said[4]


def content(name: str, split: str) -> list[str]:
    return read_split(load_card(name), split).decode().splitlines()


def disjoint(sets: dict[str, set[str]]) -> bool:
    return sum(map(len, sets.values())) == len(set().union(*sets.values()))


def deb(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:xz") as archive:
        for name, body in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(body)
            archive.addfile(entry, io.BytesIO(body))
    members = {"debian-binary": b"2.0", "data.tar.xz": packed.getvalue()}
    parts = [
        f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(body):<10}`\n".encode() + body + b"\n" * (len(body) % 2)
        for name, body in members.items()
    ]
    return b"!<arch>\n" + b"".join(parts)
