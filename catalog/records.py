"""Records of the registered parts: kinds, options, types and defaults, as data.

The keyword-only signature of a part is its schema; a record is that signature as data. Records come from `parts.json`
or live from the registry of `variants`; both have one form.
"""

import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, get_type_hints

from catalog.errors import CatalogError, Fault
from catalog.own_parts import own_records
from catalog.types import type_name

PARTS_FILE = Path(__file__).parent / "parts.json"


@dataclass(frozen=True)
class Option:
    """One option of a part: the name of its type, its default, whether it must be given."""

    type: str
    default: Any = None
    required: bool = False
    doc: str = ""


@dataclass(frozen=True)
class PartRecord:
    """One registered kind; `hooks` are what a position provides and what an attention kind honours."""

    doc: str = ""
    paper: str | None = None
    options: dict[str, Option] = field(default_factory=dict)
    tiny: dict[str, Any] = field(default_factory=dict)
    hooks: tuple[str, ...] = ()
    more: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "PartRecord":
        """Read a record of `parts.json`; fields that this class does not name are kept in `more`."""
        known = {name: data[name] for name in ("doc", "paper", "tiny") if name in data}
        options = {name: Option(**option) for name, option in data.get("options", {}).items()}
        more = {name: value for name, value in data.items() if name not in ("doc", "paper", "tiny", "options", "hooks")}
        return cls(**known, options=options, hooks=tuple(data.get("hooks", ())), more=more)

    def to_json(self) -> dict[str, Any]:
        """The form that `parts.json` keeps."""
        data = asdict(self)
        more = data.pop("more")
        return {**data, "hooks": list(self.hooks), **more}


Records = Mapping[str, Mapping[str, PartRecord]]


def options_of(function: Callable[..., Any], docs: Mapping[str, str] | None = None) -> dict[str, Option]:
    """The options that the keyword-only parameters of a function or class declare.

    Raises:
        ValueError: a parameter's annotation is missing or has no type name.
    """
    target = function.__init__ if inspect.isclass(function) else function
    hints = get_type_hints(target, include_extras=True)
    options = {}
    for name, parameter in inspect.signature(target).parameters.items():
        if parameter.kind is not inspect.Parameter.KEYWORD_ONLY:
            continue
        if name not in hints:
            raise ValueError(f"{function.__qualname__}: option {name!r} has no annotation; use a type of catalog.types")
        required = parameter.default is inspect.Parameter.empty
        default = None if required else parameter.default
        options[name] = Option(type_name(hints[name]), default, required, (docs or {}).get(name, ""))
    return options


def records_from_json(data: Mapping[str, Any]) -> Records:
    """Records by sort and kind, from the content of `parts.json`."""
    return {sort: {kind: PartRecord.from_json(each) for kind, each in kinds.items()} for sort, kinds in data.items()}


def load_records(path: Path = PARTS_FILE) -> Records:
    """The records of `parts.json`, and those of the user's own files in use.

    Raises:
        CatalogError: the file is missing or damaged, or a file in use has not passed its certificate.
    """
    found = _shipped(path)
    for own in map(records_from_json, own_records()):
        found = {sort: {**found.get(sort, {}), **own.get(sort, {})} for sort in {**found, **own}}
    return found


@lru_cache(maxsize=4)
def _shipped(path: Path) -> Records:
    try:
        return records_from_json(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, AttributeError) as error:
        message = f"the index of parts cannot be read ({error}); make it anew with `python -m variants.index`"
        raise CatalogError([Fault(str(path), None, "", path.name, message)]) from error
