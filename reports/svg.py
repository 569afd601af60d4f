"""Figures as files and as part of the page: SVG that is the same bytes every time, titled, and coloured by the page."""

import io
import re
from xml.etree import ElementTree

from matplotlib.figure import Figure

from reports.style import PROPERTIES, house_style

SVG = "http://www.w3.org/2000/svg"
HREF = "{http://www.w3.org/1999/xlink}href"
DPI = 200
ElementTree.register_namespace("", SVG)


def png(figure: Figure) -> bytes:
    return saved(figure, "png", {"Software": None})


def svg(figure: Figure, name: str, title: str, description: str) -> str:
    """The figure as an SVG document without dates; `name` keeps its ids apart from those of other figures."""
    root = ElementTree.fromstring(saved(figure, "svg", {"Date": None, "Creator": None, "Format": None, "Type": None}))
    for metadata in root.findall(f"{{{SVG}}}metadata"):
        root.remove(metadata)
    name_ids(root, name)
    add_titles(root, name, title, description)
    return ElementTree.tostring(root, encoding="unicode") + "\n"


def inline(document: str) -> str:
    """An SVG document made part of the page: scaled to its column, its colours handed to the page's properties."""
    text = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", document, count=1)
    text = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", text, count=1)
    return re.sub(f"(?<=: )({'|'.join(PROPERTIES)})", lambda found: f"var({PROPERTIES[found[0]]})", text)


def saved(figure: Figure, form: str, metadata: dict[str, str | None]) -> bytes:
    file = io.BytesIO()
    with house_style():
        figure.savefig(file, format=form, dpi=DPI, metadata=metadata)
    return file.getvalue()


def name_ids(root: ElementTree.Element, name: str) -> None:
    """Prefixes the ids that are referred to, turns those of arms into classes, and drops the others."""
    text = ElementTree.tostring(root, encoding="unicode")
    used = set(re.findall(r"url\(#([^)]+)\)", text)) | set(re.findall(r'href="#([^"]+)"', text))
    for element in root.iter():
        identifier = element.attrib.pop("id", "")
        if identifier in used:
            element.set("id", f"{name}-{identifier}")
        elif identifier.startswith("arm-"):
            element.set("class", f"arm {identifier}")
        for key, value in list(element.attrib.items()):
            element.set(key, re.sub(r"url\(#", f"url(#{name}-", value))
        if target := element.attrib.pop(HREF, ""):
            element.set("href", f"#{name}-{target[1:]}")


def add_titles(root: ElementTree.Element, name: str, title: str, description: str) -> None:
    root.set("role", "img")
    root.set("aria-labelledby", f"{name}-title {name}-desc")
    for place, (tag, text) in enumerate((("title", title), ("desc", description))):
        element = ElementTree.Element(f"{{{SVG}}}{tag}", {"id": f"{name}-{tag}"})
        element.text = text
        root.insert(place, element)
