"""Where a user's data lie and what their fields are called: `pairs.tsv?source=fr&target=en`, `hf:OWNER/NAME`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl

from catalog.errors import did_you_mean

HUGGING_FACE = "hf:"
OF_HUGGING_FACE = ("config", "revision")


@dataclass(frozen=True)
class Address:
    """A file, a folder or a name at Hugging Face; `given` are the field names that a person wrote, `said` all of it."""

    said: str
    place: str
    given: dict[str, str]

    @property
    def is_online(self) -> bool:
        """Whether it names a data set at Hugging Face."""
        return self.place.startswith(HUGGING_FACE)

    def names(self, fields: Sequence[str]) -> list[str]:
        """What the fields are called in the data.

        Raises:
            ValueError: another field was named.
        """
        known = [*fields, *(OF_HUGGING_FACE if self.is_online else ())]
        for name in self.given:
            if name not in known:
                near = did_you_mean(name, known)
                hint = f"; did you mean {near}?" if near else ""
                raise ValueError(f"data: {self.said} names no field (got {name!r}; allowed: {', '.join(known)}{hint})")
        return [self.given.get(field, field) for field in fields]


def address(data: str) -> Address:
    """The parts of a data option; a file whose own name holds a question mark is a file."""
    place, mark, query = data.partition("?")
    if not mark or exists(data):
        return Address(data, data, {})
    return Address(data, place, dict(parse_qsl(query, keep_blank_values=True)))


def is_own(data: str) -> bool:
    """Whether it names data of a person's own: something at Hugging Face, or a file or folder that is there."""
    found = address(data)
    return found.is_online or (bool(found.place.strip("./")) and exists(found.place))


def no_such(what: str, data: str, names: Sequence[str]) -> str:
    """The refusal of a name that is no set of `names`, and no data of a person's own either."""
    near = did_you_mean(data, names)
    hint = f"; did you mean {near}?" if near else ""
    own = "the path of a .tsv or .jsonl file or of a folder of one for each split, or hf:OWNER/NAME"
    return f"no such {what} (got {data!r}; allowed: {', '.join(names)}, {own}{hint})"


def whole(data: str) -> str:
    """The same data, with a file or folder named by its whole path, so that it is found from anywhere."""
    found = address(data)
    if found.is_online or not exists(found.place):
        return data
    return str(Path(found.place).resolve()) + data[len(found.place) :]


def exists(place: str) -> bool:
    """Whether it is a file or folder; a name that the system cannot hold is none."""
    try:
        return Path(place).exists()
    except (OSError, ValueError):
        return False
