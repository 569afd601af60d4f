"""The option types a part's signature may use, and their names in `parts.json`.

A part writes `n_heads: Count`, `norm: NormPart`, `mode: Literal["a", "b"]`, `window: Count | None`;
a type checker reads plain `int`, `str`, `dict`. `type_name` and `annotation` translate in both directions.
"""

import types as python_types
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin


@dataclass(frozen=True)
class Limit:
    """The name of a type, what it allows in words, and its bounds."""

    name: str
    says: str
    ge: float | None = None
    gt: float | None = None
    le: float | None = None


@dataclass(frozen=True)
class Sort:
    """Marks an option whose value is a nested part of this sort."""

    name: str


Count = Annotated[int, Limit("Count", "a whole number of at least 1", ge=1)]
Whole = Annotated[int, Limit("Whole", "a whole number of at least 0", ge=0)]
Integer = Annotated[int, Limit("Integer", "a whole number")]
Number = Annotated[float, Limit("Number", "a finite number")]
Positive = Annotated[float, Limit("Positive", "a number above 0", gt=0)]
NonNegative = Annotated[float, Limit("NonNegative", "a number of at least 0", ge=0)]
Probability = Annotated[float, Limit("Probability", "a number from 0 to 1", ge=0, le=1)]
Flag = Annotated[bool, Limit("Flag", "true or false")]
Text = Annotated[str, Limit("Text", "text")]
Counts = Annotated[list[Count], Limit("Counts", "a list of whole numbers of at least 1")]
Wholes = Annotated[list[Whole], Limit("Wholes", "a list of whole numbers of at least 0")]
Numbers = Annotated[list[Number], Limit("Numbers", "a list of finite numbers")]
Texts = Annotated[list[Text], Limit("Texts", "a list of texts")]

AttentionPart = Annotated[dict[str, Any], Sort("attention")]
FfnPart = Annotated[dict[str, Any], Sort("ffn")]
RecurrencePart = Annotated[dict[str, Any], Sort("recurrence")]
ConvolutionPart = Annotated[dict[str, Any], Sort("convolution")]
NormPart = Annotated[dict[str, Any], Sort("norm")]
PositionPart = Annotated[dict[str, Any], Sort("position")]
PositionParts = list[PositionPart]
ResidualPart = Annotated[dict[str, Any], Sort("residual")]
VisibilityPart = Annotated[dict[str, Any], Sort("visibility")]
ActivationPart = Annotated[dict[str, Any], Sort("activation")]
EmbeddingPart = Annotated[dict[str, Any], Sort("embedding")]
HeadPart = Annotated[dict[str, Any], Sort("head")]
InitPart = Annotated[dict[str, Any], Sort("init")]
RouterPart = Annotated[dict[str, Any], Sort("router")]

_NAMED: tuple[Any, ...] = (
    Count, Whole, Integer, Number, Positive, NonNegative, Probability, Flag, Text, Counts, Wholes, Numbers, Texts,
)  # fmt: skip
SCALARS: dict[str, Any] = {get_args(kind)[1].name: kind for kind in _NAMED}
_PLAIN: dict[Any, str] = {bool: "Flag", str: "Text", float: "Number"}
_OR_NONE = " | None"


@dataclass(frozen=True)
class OptionType:
    """A type name taken apart; its `form` is scalar, choice, part or parts."""

    form: str
    argument: str
    optional: bool

    @property
    def choices(self) -> tuple[str, ...]:
        """The texts that a choice allows."""
        return tuple(self.argument.split("|")) if self.form == "choice" else ()


def parse(name: str) -> OptionType:
    """Take a type name apart.

    Raises:
        ValueError: the name is none of the types of this module.
    """
    bare, optional = name.removesuffix(_OR_NONE), name.endswith(_OR_NONE)
    for form in ("Choice", "Parts", "Part"):
        if bare.startswith(form + "[") and bare.endswith("]"):
            return OptionType(form.lower(), bare[len(form) + 1 : -1], optional)
    if bare not in SCALARS:
        raise ValueError(
            f"unknown option type {name!r}; allowed: {', '.join(SCALARS)}, Choice[a|b], Part[sort], Parts[sort]"
        )
    return OptionType("scalar", bare, optional)


def type_name(hint: Any) -> str:
    """The name that `parts.json` gives to an annotation.

    Raises:
        ValueError: the annotation is none that a part may use.
    """
    arguments = get_args(hint)
    if get_origin(hint) in (Union, python_types.UnionType) and type(None) in arguments:
        inner = [argument for argument in arguments if argument is not type(None)]
        if len(inner) == 1:
            return type_name(inner[0]) + _OR_NONE
    if get_origin(hint) is Literal and all(isinstance(text, str) for text in arguments):
        return f"Choice[{'|'.join(arguments)}]"
    if get_origin(hint) is list and _sort(arguments[0]):
        return f"Parts[{_sort(arguments[0])}]"
    if _sort(hint):
        return f"Part[{_sort(hint)}]"
    for mark in getattr(hint, "__metadata__", ()):
        if isinstance(mark, Limit):
            return mark.name
    if hint in _PLAIN:
        return _PLAIN[hint]
    raise ValueError(f"option annotation {hint!r} has no name; allowed: {', '.join(SCALARS)}, Literal texts, parts")


def annotation(name: str) -> Any:
    """The annotation that a type name stands for; the inverse of `type_name`."""
    kind = parse(name)
    hint = _FORMS[kind.form](kind)
    return hint | None if kind.optional else hint


def says(name: str) -> str:
    """What a type allows, in words for a message."""
    kind = parse(name)
    article = "an" if kind.argument[:1] in "aeiou" else "a"
    words = {
        "choice": " | ".join(kind.choices),
        "part": f"{article} {kind.argument}: a kind name or {{kind: ..., option: ...}}",
        "parts": f"a list of {kind.argument} parts",
    }
    text = words.get(kind.form) or get_args(SCALARS[kind.argument])[1].says
    return f"{text}, or null" if kind.optional else text


def _sort(hint: Any) -> str | None:
    return next((mark.name for mark in getattr(hint, "__metadata__", ()) if isinstance(mark, Sort)), None)


_FORMS: dict[str, Any] = {
    "scalar": lambda kind: SCALARS[kind.argument],
    "choice": lambda kind: Literal[kind.choices],
    "part": lambda kind: Annotated[dict[str, Any], Sort(kind.argument)],
    "parts": lambda kind: list[Annotated[dict[str, Any], Sort(kind.argument)]],
}
