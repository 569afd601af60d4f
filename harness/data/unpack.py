"""Opening source packages: a wheel, a Debian package, or a folder that already is one."""

import io
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

AR_MAGIC = b"!<arch>\n"
AR_HEADER = 60


def find_package(requirement: str, folder: Path) -> Path:
    """The wheel, deb or unpacked folder of `name==version` in `folder`.

    Raises:
        FileNotFoundError: none is there.
    """
    name, version = requirement.split("==")
    stem, numbers = _plain(name), version.split(":")[-1]
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if _plain(path.name).startswith(f"{stem}_") and numbers in path.name:
            return path
    raise FileNotFoundError(f"no package {requirement} in {folder} (a wheel, a .deb, or its unpacked folder)")


def unpack(archive: Path, target: Path) -> Path:
    """The folder of the package's files; a folder is taken as it is."""
    if archive.is_dir():
        return archive
    OPENERS[archive.suffix](archive, target)
    return target


def _unpack_wheel(archive: Path, target: Path) -> None:
    with zipfile.ZipFile(archive) as wheel:
        wheel.extractall(target)


def _unpack_deb(archive: Path, target: Path) -> None:
    content = archive.read_bytes()
    if not content.startswith(AR_MAGIC):
        raise ValueError(f"{archive} is not a Debian package: it does not start with {AR_MAGIC!r}")
    place = len(AR_MAGIC)
    while place < len(content):
        header = content[place : place + AR_HEADER]
        name, size = header[:16].decode().strip().rstrip("/"), int(header[48:58])
        body = content[place + AR_HEADER : place + AR_HEADER + size]
        if name.startswith("data.tar"):
            _unpack_tar(body, target.resolve())
        # members start at even offsets
        place += AR_HEADER + size + size % 2


def _unpack_tar(content: bytes, target: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(content)) as files:
        for member in files:
            body = files.extractfile(member) if member.isfile() else None
            path = (target / member.name).resolve()
            if body and path.is_relative_to(target):
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(body.read())


def _plain(name: str) -> str:
    return name.lower().replace("-", "_")


OPENERS: dict[str, Callable[[Path, Path], None]] = {".whl": _unpack_wheel, ".deb": _unpack_deb}
