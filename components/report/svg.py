"""A chart as a drawing inside the page: drawn by Vega before it is written, so that no script has to.

The colours are names of the page's own style (`var(--ink)`), so a drawing is light on dark where the page is.
"""

import dataclasses
from xml.etree import ElementTree

import altair as alt
import vl_convert
from markupsafe import Markup

_SPACE = "http://www.w3.org/2000/svg"

ElementTree.register_namespace("", _SPACE)

_FOR_VEGA_ALONE = {"class", "role", "aria-roledescription", "aria-hidden", "pointer-events", "font-family"}
"""Attributes that only Vega's own script reads; the font is that of the page."""


@dataclasses.dataclass(frozen=True)
class Figure:
    """A chart, ready for the page.

    Attributes:
        name: unique in the page, of letters.
        title: its heading.
        drawing: an `svg` element with title and description for those who cannot see it; None where the data give
            nothing to draw.
        says: what it comes to, in a sentence or two; without a drawing, why there is none.
        columns: heads of its data as a table.
        rows: the data; empty where it is too much to read.
    """

    name: str
    title: str
    drawing: Markup | None
    says: str
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


def draw(
    chart: alt.TopLevelMixin, name: str, title: str, description: str, follows: str | None = None
) -> Markup:
    """Draws a chart as an `svg` element that scales with its column.

    Args:
        chart: with width and height, and transparent.
        name: unique in the page; title and description are named after it.
        title: what a screen reader calls it.
        description: what it shows, in a sentence.
        follows: what of the page's threshold slider a mark in the plot follows: `roc` and `precision` are points,
            `line` is the threshold itself. The mark is not to be seen until the page's script moves it.
    """
    root = ElementTree.fromstring(vl_convert.vegalite_to_svg(chart.to_dict()))  # noqa: S314 - our own drawing
    _drop_what_is_not_seen(root)
    del root.attrib["width"], root.attrib["height"], root.attrib["version"]
    root.attrib |= {"role": "img", "aria-labelledby": f"{name}-title {name}-description", "class": "chart"}
    for place, (tag, own, text) in enumerate(
        (("title", "title", title), ("desc", "description", description))
    ):
        element = ElementTree.Element(f"{{{_SPACE}}}{tag}", id=f"{name}-{own}")
        element.text = text
        root.insert(place, element)
    if follows:
        root.append(_follower(root, follows, chart.width, chart.height))
    return Markup(ElementTree.tostring(root, encoding="unicode"))  # noqa: S704 - escaped by it


def _drop_what_is_not_seen(root: ElementTree.Element) -> None:
    """Labels that would overlap, empty frames, and what only Vega's own script reads."""
    for parent in list(root.iter()):
        for child in list(parent):
            shape = child.attrib.get("d")
            unseen = child.attrib.get("opacity") == "0" or child.attrib.get("display") == "none"
            if unseen or shape in ("", "M0,0h0v0h0Z"):
                parent.remove(child)
    for element in root.iter():
        for key in _FOR_VEGA_ALONE & set(element.attrib):
            del element.attrib[key]
        if element.attrib.get("opacity") == "1":
            del element.attrib["opacity"]


def _follower(root: ElementTree.Element, follows: str, width: float, height: float) -> ElementTree.Element:
    """A ring or a line in the coordinates of the plot, which the page's script moves."""
    plot = next(element for element in root if element.tag == f"{{{_SPACE}}}g")
    group = ElementTree.Element(
        f"{{{_SPACE}}}g",
        {
            "class": "follower",
            "transform": plot.attrib["transform"],
            "data-follows": follows,
            "data-width": f"{width:g}",
            "data-height": f"{height:g}",
        },
    )
    if follows == "line":
        ElementTree.SubElement(group, f"{{{_SPACE}}}line", y1="0", y2=f"{height:g}")
    else:
        ElementTree.SubElement(group, f"{{{_SPACE}}}circle", r="7")
    return group
