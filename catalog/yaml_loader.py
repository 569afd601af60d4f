"""Reads YAML as YAML 1.2 reads it, refuses what is ambiguous, and keeps the file and line of every value."""

import math
import re
from pathlib import Path
from typing import Any, ClassVar

import yaml

from catalog.errors import CatalogError, refusal
from catalog.located import LocatedList, LocatedMap, Mark, mark_of

__all__ = ["LocatedList", "LocatedMap", "Mark", "load_file", "load_text", "mark_of", "scalar"]

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
MAX_VALUES = 50_000
MAX_DEPTH = 60
_INT = re.compile(r"[-+]?[0-9]+")
_OTHER_BASE = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_CONSTANTS = {
    "true": True,
    "false": False,
    "null": None,
    "~": None,
    "": None,
    ".inf": math.inf,
    "-.inf": -math.inf,
    ".nan": math.nan,
}
_TEXT_TAG = "tag:yaml.org,2002:str"


class EntryLoader(_Base):  # type: ignore[misc]
    """A safe loader without implicit types: `scalar` decides them."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}


def load_file(path: Path, name: str | None = None) -> Any:
    """The content of a YAML file; `name` stands in messages in place of the path.

    Raises:
        CatalogError: the file cannot be read, or is no YAML that this project accepts.
    """
    name = name or str(path)
    if path.exists() and not path.is_file():
        raise _refusal(name, 0, "cannot be read: is no plain file")
    try:
        text = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise _refusal(name, line, "is no UTF-8 text; save the file as UTF-8") from error
    except OSError as error:
        raise _refusal(name, 0, f"cannot be read: {error.strerror or error}") from error
    return load_text(text, name)


def load_text(text: str, name: str) -> Any:
    """The content of a YAML text.

    Raises:
        CatalogError: the text is no YAML that this project accepts.
    """
    try:
        loader = EntryLoader(text)
        try:
            node = loader.get_single_node()
        finally:
            loader.dispose()
        return None if node is None else _Builder(name).build(node, 0)
    except yaml.MarkedYAMLError as error:
        line = min(_error_line(error), text.rstrip().count("\n") + 1)
        raise _refusal(name, line, _plain(error, line, text)) from error
    except yaml.YAMLError as error:
        position = getattr(error, "position", 0) or 0
        raise _refusal(name, text[:position].count("\n") + 1, _first_line(error)) from error
    except (UnicodeError, RecursionError, ValueError) as error:
        raise _refusal(name, 1, f"cannot be read as YAML: {_first_line(error)}") from error


def scalar(text: str) -> Any:
    """The value of an unquoted scalar: only `true` and `false` are booleans, `1e-3` is a number, a date is text."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _INT.fullmatch(text) and len(text) < 400:
        return int(text)
    if _OTHER_BASE.fullmatch(text) and len(text) < 400:
        return int(text, 0)
    return float(text) if _FLOAT.fullmatch(text) else text


class _Builder:
    def __init__(self, name: str) -> None:
        self.name = name
        self.count = 0

    def build(self, node: Any, depth: int) -> Any:
        self.count += 1
        if self.count > MAX_VALUES or depth > MAX_DEPTH:
            limits = f"{MAX_VALUES} values or {MAX_DEPTH} levels"
            raise self._fault(node, f"is too large: more than {limits}; do aliases multiply?")
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        if node.tag not in ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"):
            raise self._fault(node, f"the tag {node.tag!r} is not supported; write plain values")
        return self._map(node, depth) if isinstance(node, yaml.MappingNode) else self._list(node, depth)

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        quoted = node.style in ("'", '"', "|", ">")
        if node.tag != _TEXT_TAG:
            raise self._fault(node, f"the tag {node.tag!r} is not supported; write plain values")
        return node.value if quoted else scalar(node.value)

    def _map(self, node: yaml.MappingNode, depth: int) -> LocatedMap:
        result = LocatedMap(mark=self._mark(node))
        for key_node, value_node in node.value:
            key = key_node.value
            if not isinstance(key_node, yaml.ScalarNode):
                raise self._fault(key_node, "a key must be text, not a list or a map")
            if key == "<<" and not key_node.style:
                raise self._fault(key_node, "`<<` is not supported; write `extends: <entry>`")
            if key in result:
                first = result.marks[key].line
                raise self._fault(key_node, f"the key {key!r} is given twice, first on line {first}; keep one of them")
            result.put(key, self.build(value_node, depth + 1), self._mark(key_node))
        return result

    def _list(self, node: yaml.SequenceNode, depth: int) -> LocatedList:
        result = LocatedList(mark=self._mark(node))
        for item in node.value:
            result.append(self.build(item, depth + 1))
            result.marks.append(self._mark(item))
        return result

    def _mark(self, node: Any) -> Mark:
        return Mark(self.name, node.start_mark.line + 1)

    def _fault(self, node: Any, message: str) -> CatalogError:
        return _refusal(self.name, self._mark(node).line, message)


def _refusal(name: str, line: int, message: str) -> CatalogError:
    return refusal(Mark(name, line), "", message)


def _error_line(error: yaml.MarkedYAMLError) -> int:
    mark = error.problem_mark or error.context_mark
    return mark.line + 1 if mark else 1


def _plain(error: yaml.MarkedYAMLError, number: int, text: str) -> str:
    line = text.split("\n")[number - 1]
    if "\t" in line[: len(line) - len(line.lstrip())]:
        return "the line is indented with a tab; YAML wants spaces"
    if "\t" in line and "cannot start any token" in str(error.problem):
        return "there is a tab where YAML wants spaces"
    notes = [note for note in (error.problem, error.context) if note]
    return f"is not valid YAML: {', '.join(notes)}"


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
