"""A model's blocks as an SVG drawn from its resolved spec: the stream from tokens to head, and what joins it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape

Spec = Mapping[str, Any]
WIDTH, BOX, STREAM, INDENT = 330, 216, 34, 92
ROW, GAP = 30, 12

# where each scheme puts its norms: before a branch, after it, after the sum
NORMS = {
    "pre_norm": ("before",),
    "post_norm": ("sum",),
    "deepnorm": ("sum",),
    "sandwich_norm": ("before", "after"),
    "output_norm": ("after",),
    "normed_residual": ("before",),
    "layer_scale": ("before",),
    "dual": ("before", "sum"),
}


@dataclass(frozen=True)
class Line:
    """One thing on the way down; `kind` is box, branch, norm, sum, open, close or note."""

    kind: str
    text: str
    detail: str = ""


def diagram(spec: Spec, title: str) -> Markup:
    """The drawing, one column a stack; colours are the page's."""
    stacks = [name for name in ("encoder", "decoder") if spec.get(name)]
    columns = [list(_lines(spec, name, last=name == stacks[-1])) for name in stacks]
    heights = [sum(_height(line) for line in column) + 2 * GAP for column in columns]
    width, height = WIDTH * len(columns), max(heights)
    body = Markup("").join(_column(column, i * WIDTH) for i, column in enumerate(columns))
    return Markup(
        '<svg class="diagram" viewBox="0 0 {} {}" role="img" style="--stacks:{};max-width:{}px">'
        "<title>{}</title>{}</svg>"
    ).format(width, height, len(columns), width, f"The blocks of {title}", body)


def _nothing(line: Line, left: int, y: int) -> Markup:
    return Markup("")


def _lines(spec: Spec, name: str, last: bool) -> Iterator[Line]:
    stack = spec[name]
    yield Line("note", name.capitalize())
    yield Line("box", "tokens", _numbers(spec, "vocab_size", "context_length"))
    yield Line("box", f"embedding: {_word(spec['embedding']['kind'])}", f"width {spec['d_model']:,}")
    for position in stack["position"]:
        yield Line("box", f"position: {_word(position['kind'])}")
    for block, fields in stack["blocks"].items():
        yield from _block(block, fields, stack)
    if name == "encoder" and not last:
        yield Line("box", "memory", "read by the decoder")
    if last:
        head = spec["head"]
        yield Line("box", f"head: {_word(head['kind'])}", "tied" if head.get("tied") else "")


def _block(block: str, fields: Spec, stack: Spec) -> Iterator[Line]:
    times = stack["layers"].count(block)
    yield Line("open", f"{times} × {block}", _word(fields["residual"]["kind"]))
    places = NORMS.get(fields["residual"]["kind"], ())
    norm = _word((fields["norm"] or {"kind": "norm"})["kind"])
    for row in fields["sublayers"]:
        if "before" in places:
            yield Line("norm", norm)
        for name, part in row.items():
            yield Line("branch", f"{name.replace('_', ' ')}: {_word(part['kind'])}", _detail(part))
        if "after" in places:
            yield Line("norm", norm)
        yield Line("sum", "+")
        if "sum" in places:
            yield Line("norm", norm)
    yield Line("close", "")


def _detail(part: Spec) -> str:
    """What is said of a branch beside its kind: heads, widths, experts, the window."""
    said = []
    if part.get("n_heads"):
        groups = part.get("n_kv_heads") or part["n_heads"]
        said.append(f"{part['n_heads']} heads" + (f", {groups} kv" if groups != part["n_heads"] else ""))
    for name, noun in (("n_experts", "experts"), ("d_ff", "wide")):
        if part.get(name):
            said.append(f"{part[name]:,} {noun}")
    visibility = part.get("visibility") or {}
    if visibility.get("window"):
        said.append(f"window {visibility['window']:,}")
    if part.get("activation"):
        said.append(_word(part["activation"]))
    return ", ".join(said)


def _height(line: Line) -> int:
    return {"sum": 24, "open": 26, "close": 14, "note": 26, "norm": 26}.get(line.kind, ROW + GAP)


def _column(lines: list[Line], left: int) -> Markup:
    """Lines from top to bottom; a block's frame stands behind what it holds."""
    y, parts, frames, opened = GAP, [], [], 0
    for line in lines:
        if line.kind == "open":
            opened = y
        if line.kind == "close":
            frames.append(_frame(left, opened, y - opened + 6))
        parts.append(DRAWN[line.kind](line, left, y))
        y += _height(line)
    stream = Markup('<path class="stream" d="M{0} {1}V{2}"/>').format(left + STREAM, GAP + 24, y - GAP)
    return Markup("").join([*frames, stream, *parts])


def _frame(left: int, top: int, height: int) -> Markup:
    return Markup('<rect class="frame" x="{}" y="{}" width="{}" height="{}" rx="8"/>').format(
        left + 10, top, WIDTH - 24, height
    )


def _note(line: Line, left: int, y: int) -> Markup:
    return Markup('<text class="stack" x="{}" y="{}">{}</text>').format(left + 12, y + 14, line.text)


def _box(line: Line, left: int, y: int) -> Markup:
    return _labelled("box", line, left + 12, y, BOX + 80)


def _branch(line: Line, left: int, y: int) -> Markup:
    wire = Markup('<path class="wire" d="M{} {}H{}"/>').format(left + STREAM, y + ROW // 2, left + INDENT)
    return wire + _labelled("branch", line, left + INDENT, y, BOX)


def _norm(line: Line, left: int, y: int) -> Markup:
    rect = Markup('<rect class="norm" x="{}" y="{}" width="{}" height="18" rx="9"/>').format(left + 22, y + 3, 118)
    return rect + Markup('<text class="small" x="{}" y="{}">{}</text>').format(left + 32, y + 16, escape(line.text))


def _sum(line: Line, left: int, y: int) -> Markup:
    place = (left + STREAM, y + 10)
    return Markup('<circle class="sum" cx="{0}" cy="{1}" r="8"/><path class="plus" d="M{2} {1}h8M{0} {3}v8"/>').format(
        *place, place[0] - 4, place[1] - 4
    )


def _open(line: Line, left: int, y: int) -> Markup:
    title = Markup('<text class="title" x="{}" y="{}">{}</text>').format(left + 52, y + 17, line.text)
    return title + Markup('<text class="small end" x="{}" y="{}">{}</text>').format(
        left + WIDTH - 24, y + 17, line.detail
    )


def _labelled(name: str, line: Line, x: int, y: int, width: int) -> Markup:
    rect = Markup('<rect class="{}" x="{}" y="{}" width="{}" height="{}" rx="5"/>').format(name, x, y, width, ROW)
    detail = Markup('<text class="small" x="{}" y="{}">{}</text>').format(x + 10, y + 25, line.detail)
    label = Markup('<text x="{}" y="{}">{}</text>').format(x + 10, y + (14 if line.detail else 19), line.text)
    return rect + label + (detail if line.detail else Markup(""))


def _numbers(spec: Spec, *names: str) -> str:
    words = {"vocab_size": "vocabulary", "context_length": "length"}
    return ", ".join(f"{words[name]} {spec[name]:,}" for name in names if spec.get(name))


def _word(kind: str) -> str:
    return str(kind).replace("_", " ")


DRAWN = {
    "note": _note,
    "box": _box,
    "branch": _branch,
    "norm": _norm,
    "sum": _sum,
    "open": _open,
    "close": _nothing,
}
