"""The facts of an entry as a strict schema: who made it and when, what it changed, and where to read it."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from catalog.entries import MODEL_FIELDS
from catalog.errors import UNSET, Faults, did_you_mean
from catalog.located import Mark, mark_of

_ARXIV = re.compile(r"\d{4}\.\d{4,5}|[a-z.-]+(\.[A-Z]{2})?/\d{7}")


def _line(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be empty")
    return text


def _pattern(regex: str, says: str) -> Any:
    def check(text: str) -> str:
        if not re.fullmatch(regex, text):
            raise ValueError(f"must be {says}")
        return text

    return AfterValidator(check)


Line = Annotated[str, AfterValidator(_line)]
Date = Annotated[str, _pattern(r"(19|20)\d\d-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?", "YYYY-MM or YYYY-MM-DD")]
Url = Annotated[str, _pattern(r"https?://\S+", "a link that begins with http:// or https://")]
Arxiv = Annotated[str, _pattern(_ARXIV.pattern, "an arXiv id in quotes, such as '1706.03762'")]
Count = Annotated[int, Field(ge=1)]
Rounded = Annotated[str, _pattern(r"\d+(\.\d+)?[KMBT]", "a rounded number with its unit, such as 175B (of K, M, B, T)")]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Paper(_Strict):
    """What a citation needs."""

    title: Line
    authors: Annotated[list[Line], Field(min_length=1)]
    year: Annotated[int, Field(ge=1900, le=2100)]
    url: Url
    arxiv: Arxiv | None = None
    venue: Line | None = None


class Facts(_Strict):
    """The fields of an entry beside its model."""

    name: Line
    date: Date
    change: Line
    paper: Paper
    lab: Line | None = None
    licence: Line | None = None
    corpus: Line | None = None
    objective: Line | None = None
    application: Line | None = None
    family: Line | None = Field(None, description="The family it founds; those who descend from it belong to it too.")
    parent: Line | None = Field(None, description="The entry it descends from, where it does not take over its model.")
    notes: Line | None = None
    code: Url | None = None
    published: dict[str, Count] | None = Field(None, description="Exact parameters of sizes, by the size's name.")
    announced: dict[str, Rounded] | None = Field(None, description="Rounded parameters of sizes, such as 175B.")
    differs: dict[str, Line] | None = Field(
        None, description="Why a size's own count is more than 1 % from the announced one, or none was announced."
    )
    not_built: Line | None = Field(None, description="Why there is no `model`: which part is missing, or unpublished.")
    stack: Literal["encoder", "decoder", "encoder_decoder", "other"] | None = Field(
        None, description="What an entry without a model is."
    )
    declares: dict[str, Line] | None = Field(
        None, description="Checks of the certificate that do not hold, each with the reason."
    )
    unverified: list[Line] = []


def check_facts(raw: Mapping[str, Any], faults: Faults) -> Facts | None:
    """The facts of an entry as written; None when something is wrong, which is noted."""
    facts = {name: value for name, value in raw.items() if name not in MODEL_FIELDS}
    try:
        checked = Facts.model_validate(facts)
    except ValidationError as error:
        for fault in error.errors(include_url=False):
            _note(raw, dict(fault), faults)
        checked = None
    _check_unverified(raw, facts, faults)
    return checked


def _note(raw: Mapping[str, Any], fault: dict[str, Any], faults: Faults) -> None:
    path = [part for part in fault["loc"] if part != "[key]"]
    kind, value = str(fault["type"]), fault["input"]
    missing = kind == "missing"
    suggestion = allowed = None
    said = str(fault["msg"]).removeprefix("Value error, ").removeprefix("Input ")
    message = "must be given" if missing else said[:1].lower() + said[1:]
    if kind == "extra_forbidden":
        owner: type[BaseModel] = Facts if len(path) == 1 else Paper
        known = [*owner.model_fields, *(MODEL_FIELDS if owner is Facts else ())]
        message, allowed, suggestion = "there is no such field", ", ".join(known), did_you_mean(path[-1], known)
    elif kind == "string_type":
        message, allowed = "must be text", "text in quotes"
    shown = UNSET if missing or kind == "extra_forbidden" else value
    name = ".".join(str(part) for part in path if not isinstance(part, int))
    faults.add(_place(raw, path, missing), name, message, value=shown, allowed=allowed, suggestion=suggestion)


def _place(raw: Any, path: list[Any], missing: bool) -> Mark | None:
    for part in path[:-1]:
        raw = raw[part]
    return mark_of(raw) if missing else mark_of(raw, path[-1])


def _check_unverified(raw: Mapping[str, Any], facts: Mapping[str, Any], faults: Faults) -> None:
    names = facts.get("unverified")
    paper = facts.get("paper")
    inner = [f"paper.{name}" for name in paper] if isinstance(paper, Mapping) else []
    # A fact that is absent may be named too: nobody looked it up.
    known = [name for name in (*Facts.model_fields, *inner) if name != "unverified"]
    for i, name in enumerate(names if isinstance(names, list) else []):
        if isinstance(name, str) and name not in known and name not in MODEL_FIELDS:
            faults.add(
                mark_of(names, i),
                "unverified",
                "names no fact of an entry",
                value=name,
                allowed=", ".join(known),
                suggestion=did_you_mean(name, known),
            )
