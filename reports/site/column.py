"""A stack as a column of a diagram: the stream runs down at the left, branches stand to its right."""

from dataclasses import dataclass

from markupsafe import Markup

from reports.site import shapes
from reports.site.said import Spec, is_relative, said_of, word

WIDTH = 384  # of a column
LEFT, RIGHT = 10, 366  # of what it holds; between two columns runs the memory
STREAM, LANES = 64, (128, 352)  # where the stream runs, and from where to where its branches stand
ROW, GAP = 26, 14
CENTRED = STREAM - shapes.PILL / 2  # of a norm on the stream itself
COPIES = 3  # boxes behind each other, for many experts


@dataclass(frozen=True)
class Scheme:
    """Where a residual scheme has its norms, around a branch and on the sum, and whether the stream passes it by."""

    before: bool = False
    after: bool = False
    total: bool = False
    passes: bool = True


SCHEMES = {
    "pre_norm": Scheme(before=True),
    "layer_scale": Scheme(before=True),
    "normed_residual": Scheme(before=True),
    "sandwich_norm": Scheme(before=True, after=True),
    "output_norm": Scheme(after=True),
    "post_norm": Scheme(total=True),
    "deepnorm": Scheme(total=True),
    "dual": Scheme(total=True),
    "plain": Scheme(passes=False),
}


class Column:
    """A stack from top to bottom; `y` is how far it is drawn, `reads` are the heights at which it reads a memory."""

    def __init__(self, spec: Spec, name: str, is_last: bool) -> None:
        self.stack = spec[name]
        self.blocks = list(self.stack["blocks"])
        self.y = float(GAP)
        self.reads: list[float] = []
        self.frames: list[Markup] = []
        self.shapes: list[Markup] = []
        self.lines: dict[str, list[str]] = {kind: [] for kind in ("wire", "memory", "tip", "plus")}
        self.flows: list[tuple[float, float]] = []
        self._title(name)
        self._opening(spec, name)
        for block, fields in self.stack["blocks"].items():
            self._block(block, fields)
        self._closing(spec, is_last)

    def drawn(self, left: float) -> Markup:
        """The column: frames behind lines behind shapes."""
        stream = shapes.path("stream", (shapes.line((STREAM, start), (STREAM, end)) for start, end in self.flows))
        wire, memory, tip, plus = (shapes.path(kind, data) for kind, data in self.lines.items())
        inside = shapes.join([*self.frames, wire, stream, memory, tip, *self.shapes, plus])
        return Markup('<g transform="translate({:g} 0)">{}</g>').format(left, inside) if left else inside

    def read(self, encoder: "Column") -> None:
        """Draws the memory: from the end of the stack at the left, up the gap, into each branch that reads it."""
        start, gap, end = STREAM - WIDTH, -GAP / 2, encoder.y - GAP
        encoder.shapes.append(shapes.text("memory", STREAM + GAP, end - 5))
        for y in self.reads:
            self.lines["memory"].append(shapes.line((start, end), (gap, end), (gap, y), (LANES[0], y)))
            self.lines["tip"].append(shapes.tip((gap, y), (LANES[0], y)))

    def _title(self, name: str) -> None:
        layers, sets = self.stack["layers"], len(set(self.stack["groups"]))
        shared = "" if sets == len(layers) else f", {sets} {'set' if sets == 1 else 'sets'} of weights for all"
        told = f"{len(layers)} {'layer' if len(layers) == 1 else 'layers'}{shared}"
        self.shapes.append(shapes.text(word(name).capitalize(), LEFT, self.y + 12, "stack"))
        self.shapes.append(shapes.text(told, RIGHT, self.y + 12, "end"))
        self.y += ROW
        if len(self.blocks) > 1:
            order = [self.blocks.index(layer) for layer in layers]
            self.shapes.append(shapes.strip(order, LEFT, self.y, RIGHT - LEFT))
            self.y += ROW

    def _opening(self, spec: Spec, name: str) -> None:
        vocabulary = (spec.get("source_vocab_size") if name == "encoder" else None) or spec.get("vocab_size")
        width = f"width {spec['d_model']:,}"
        told = f"vocabulary {vocabulary:,}, {width}" if vocabulary else width
        self._box(f"{word(spec['embedding']['kind'])} embedding", told)
        self._line(GAP)
        for position in self.stack["position"]:
            if not is_relative(position):
                self._added(f"{word(position['kind'])} positions", f"up to {spec['context_length']:,}")

    def _block(self, name: str, fields: Spec) -> None:
        top, times = self.y, self.stack["layers"].count(name)
        self._line(ROW)
        if len(self.blocks) > 1:
            self.shapes.append(shapes.cell(self.blocks.index(name), LEFT + GAP, top + 9))
        title = f"{times} × {'block' if name == 'default' else word(name)}"
        self.shapes.append(shapes.text(title, STREAM + GAP, top + 19, "title"))
        self.shapes.append(shapes.text(word(fields["residual"]["kind"]), RIGHT - 10, top + 19, "end"))
        for row in fields["sublayers"]:
            self._sublayer(row, fields)
        self.frames.append(shapes.frame(LEFT, top, RIGHT - LEFT, self.y - top))
        self._line(GAP)

    def _sublayer(self, row: Spec, fields: Spec) -> None:
        """The way out of the stream through the branches, side by side, and back into it."""
        scheme, norm = SCHEMES.get(fields["residual"]["kind"], Scheme()), _norm_of(fields)
        has_each = scheme.before and len(row) > 1 and fields["residual"].get("norms") == "each"
        fork = self.y + GAP
        top = fork + ROW * (2 if has_each else 1)
        room = (LANES[1] - LANES[0] + 8) / len(row)
        lanes = [(LANES[0] + room * i, room - 8) for i in range(len(row))]
        branches = zip(row.items(), lanes, strict=True)
        middles = [x + width / 2 for x, width in lanes]
        bottoms = [self._branch(name, part, fork, top, *lane) for (name, part), lane in branches]
        merge = max(bottoms) + ROW
        for middle, bottom in zip(middles, bottoms, strict=True):
            self._wire((middle, bottom), (middle, merge), (STREAM + (9 if scheme.passes else 1), merge))
        if has_each:
            self.shapes += [shapes.pill(norm, middle - shapes.PILL / 2, fork + ROW) for middle in middles]
        elif scheme.before:
            self.shapes.append(shapes.pill(norm, STREAM + GAP, fork))
        if scheme.after:
            self.shapes.append(shapes.pill(norm, STREAM + GAP + 8, merge))
        self._pass(fork, merge, scheme.passes)
        if scheme.total:
            self._norm(norm)

    def _branch(self, name: str, part: Spec, fork: float, top: float, x: float, width: float) -> float:
        """The branch with the way into it; returns where it ends."""
        title, detail = f"{word(name)}: {word(part['kind'])}", said_of(part, self.stack)
        if not shapes.fits(title, width):
            title, detail = word(name), f"{word(part['kind'])}: {detail}" if detail else word(part["kind"])
        copies = COPIES if part.get("n_experts") else 1
        shape, height = shapes.box(f"branch {part['sort']}", title, detail, (x, top, width), copies)
        middle = x + width / 2
        self._wire((STREAM, fork), (middle, fork), (middle, top - 1 - shapes.SHIFT * (copies - 1)))
        self.shapes.append(shape)
        if part["sort"] == "cross_attention":
            self.reads.append(top + height / 2)
        return top + height

    def _pass(self, fork: float, merge: float, passes: bool) -> None:
        """The stream itself between leaving and coming back."""
        start, self.y = self.y, merge + GAP + 2
        if passes:
            self._flow(start, self.y)
            self._plus(merge)
        else:
            self._flow(start, fork)
            self._flow(merge, self.y)

    def _closing(self, spec: Spec, is_last: bool) -> None:
        head = spec["head"]
        if self.stack["residual"].get("final_norm"):
            self._norm(_norm_of(self.stack))
        if is_last:
            self._box(f"{word(head['kind'])} head", "tied to the table of tokens" if head.get("tied") else "")
        else:
            self._line(GAP)
        self.y += GAP

    def _box(self, title: str, detail: str) -> None:
        shape, height = shapes.box("ends", title, detail, (LEFT, self.y, RIGHT - LEFT))
        self.shapes.append(shape)
        self.y += height

    def _added(self, title: str, detail: str) -> None:
        """What is added to the stream, such as a table of positions."""
        shape, height = shapes.box("ends", title, detail, (LANES[0], self.y, RIGHT - LANES[0]))
        middle = self.y + height / 2
        self._wire((LANES[0], middle), (STREAM + 9, middle))
        self.shapes.append(shape)
        self._plus(middle)
        self._line(height + GAP)

    def _norm(self, norm: str) -> None:
        """A norm on the stream itself."""
        self.shapes.append(shapes.pill(norm, CENTRED, self.y + shapes.PILL_HEIGHT / 2))
        self._line(shapes.PILL_HEIGHT + GAP)

    def _line(self, length: float) -> None:
        """The stream goes on."""
        self._flow(self.y, self.y + length)
        self.y += length

    def _flow(self, start: float, end: float) -> None:
        """A part of the stream, which lengthens the one that it follows."""
        if self.flows and self.flows[-1][1] == start:
            start = self.flows.pop()[0]
        self.flows.append((start, end))

    def _wire(self, *points: tuple[float, float]) -> None:
        self.lines["wire"].append(shapes.line(*points))
        self.lines["tip"].append(shapes.tip(*points[-2:]))

    def _plus(self, y: float) -> None:
        self.shapes.append(shapes.circle(STREAM, y))
        self.lines["plus"].append(shapes.cross(STREAM, y))


def _norm_of(fields: Spec) -> str:
    return word(fields["norm"]["kind"]) if fields["norm"] else "norm"
