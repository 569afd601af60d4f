"""Checks option values with strict pydantic models made from records: no coercion, one fault for each wrong option."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from catalog.records import PartRecord
from catalog.types import SCALARS, Limit, OptionType, parse


def wrong_options(record: PartRecord, values: Mapping[str, Any]) -> Iterator[str]:
    """Names of the options whose value does not fit their type."""
    plain = {
        name: option.type for name, option in record.options.items() if not parse(option.type).form.startswith("part")
    }
    given = {name: values[name] for name in plain if name in values}
    try:
        _model(tuple(sorted((name, plain[name]) for name in given))).model_validate(given)
    except ValidationError as error:
        yield from dict.fromkeys(str(fault["loc"][0]) for fault in error.errors(include_url=False))


def option_annotation(kind: OptionType) -> Any:
    """The pydantic annotation of a scalar or choice type, bounds included."""
    bare = Literal[kind.choices] if kind.form == "choice" else _bounded(SCALARS[kind.argument])
    return bare | None if kind.optional else bare


@cache
def _model(fields: tuple[tuple[str, str], ...]) -> type[BaseModel]:
    config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, protected_namespaces=())
    # An option may bear a name that pydantic keeps for itself, such as `copy`: fields are anonymous, names are aliases.
    named: dict[str, Any] = {
        f"field_{i}": (option_annotation(parse(kind)), Field(alias=name)) for i, (name, kind) in enumerate(fields)
    }
    return create_model("Options", __config__=config, **named)


def _bounded(hint: Any) -> Any:
    base, limit = get_args(hint)
    assert isinstance(limit, Limit)
    item = get_args(base)
    inner = list[_bounded(item[0])] if item else base  # type: ignore[misc]
    return Annotated[inner, Field(ge=limit.ge, gt=limit.gt, le=limit.le)]
