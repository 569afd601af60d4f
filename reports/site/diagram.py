"""A model's blocks as an SVG drawn from its resolved spec, a column a stack; colours are the page's."""

from itertools import pairwise

from markupsafe import Markup

from reports.site import shapes
from reports.site.column import WIDTH, Column
from reports.site.said import Spec

SVG = Markup(
    '<svg class="diagram" viewBox="0 0 {} {:g}" role="img" style="--stacks:{};max-width:{}px"><title>{}</title>{}</svg>'
)


def diagram(spec: Spec, title: str) -> Markup:
    """The drawing of all stacks, and of what the decoder reads from the encoder."""
    names = [name for name in ("encoder", "decoder") if spec.get(name)]
    columns = [Column(spec, name, is_last=name == names[-1]) for name in names]
    for encoder, decoder in pairwise(columns):
        decoder.read(encoder)
    width, height = WIDTH * len(columns), max(column.y for column in columns)
    body = shapes.join(column.drawn(WIDTH * i) for i, column in enumerate(columns))
    return SVG.format(width, height, len(columns), width, f"The blocks of {title}", body)
