"""A folder of a user's own text files: one for each split, or as many as there are, each a document."""

from pathlib import Path

from harness.datasets.cards import SPLITS
from harness.datasets.text_file import read_text

SUFFIX = ".txt"


def holds_texts(folder: Path) -> bool:
    """Whether there is a text file in it."""
    return any(path.suffix == SUFFIX for path in folder.iterdir())


def read_folder(folder: Path) -> dict[str, list[str]]:
    """Paragraphs by split of train.txt, val.txt and test.txt; or the documents of a folder without these.

    Raises:
        ValueError: something else is in the folder, a split is missing, or a file is empty or no text.
    """
    found = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    for path in found:
        if path.suffix != SUFFIX or not path.is_file():
            raise ValueError(f"data: {folder} holds what is no text file (got {path.name}; allowed: {SUFFIX} files)")
    given = {path.stem for path in found} & set(SPLITS)
    if not given:
        return {"all": [read_text(path).decode() for path in found]}
    if {path.stem for path in found} != set(SPLITS):
        names, allowed = ", ".join(path.name for path in found), ", ".join(f"{split}{SUFFIX}" for split in SPLITS)
        raise ValueError(f"data: {folder} must hold one file for each split (got {names}; allowed: {allowed})")
    return {path.stem: read_text(path).decode().split("\n\n") for path in found}
