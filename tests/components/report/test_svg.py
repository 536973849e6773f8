from xml.etree import ElementTree

import numpy as np
import pytest

from components.report import charts
from components.report.svg import draw

SVG = "{http://www.w3.org/2000/svg}"


def _roc(name="roc", follows="roc"):
    chart = charts.roc([(0, 0), (0.25, 0.75), (1, 1)], (0.25, 0.75))
    return draw(chart, name, "ROC <curve>", "It says & shows.", follows)


def _parsed(drawing):
    return ElementTree.fromstring(drawing)  # noqa: S314 - our own


def _plot_offset(root):
    group = next(child for child in root if child.tag == f"{SVG}g")
    return group.attrib["transform"]


def test_a_drawing_has_a_role_a_title_and_a_description():
    root = _parsed(_roc())
    assert root.attrib["role"] == "img"
    named = {element.attrib["id"]: element.text for element in root if "id" in element.attrib}
    title, description = root.attrib["aria-labelledby"].split()
    assert (named[title], named[description]) == ("ROC <curve>", "It says & shows.")


def test_a_drawing_scales_with_its_column():
    root = _parsed(_roc())
    assert "viewBox" in root.attrib
    assert not {"width", "height"} & set(root.attrib)


def test_names_within_a_drawing_are_its_own_and_do_not_depend_on_what_was_drawn_before():
    first, other, again = _roc(), _roc("other"), _roc()
    assert first == again
    ids = [
        {element.attrib["id"] for element in _parsed(text).iter() if "id" in element.attrib}
        for text in (first, other)
    ]
    assert ids[0]
    assert not ids[0] & ids[1]


def test_colours_and_font_are_those_of_the_page():
    text = _roc()
    assert "var(--ink)" in text
    assert "font-family" not in text
    assert "style=" not in text


def test_the_marked_point_and_what_follows_the_slider_share_the_scale_of_the_plot():
    root = _parsed(_roc())
    follower = root.find(f"{SVG}g[@class='follower']")
    assert follower.attrib["transform"] == _plot_offset(root)
    width, height = float(follower.attrib["data-width"]), float(follower.attrib["data-height"])
    # Vega's own dot at (0.25, 0.75) lies where the page's script would put the ring.
    expected = f"translate({0.25 * width:g},{0.25 * height:g})"
    dots = [one for one in root.iter(f"{SVG}path") if one.attrib.get("fill") == charts.MARK]
    assert [dot.attrib["transform"] for dot in dots] == [expected]


def test_a_follower_only_where_one_is_asked_for():
    assert "follower" not in _roc(follows=None)


@pytest.mark.parametrize("tau", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("uncertain", [None, (0.0, 1.0), (0.5, 0.5)])
def test_a_histogram_of_any_shape_is_drawn(tau, uncertain):
    empty, full = np.zeros(25).tolist(), [0.04] * 25
    for real, fake in ((empty, full), (full, empty), (full, full)):
        root = _parsed(draw(charts.histogram(real, fake, tau, uncertain), "h", "t", "d", "line"))
        bars = [
            one for one in root.iter(f"{SVG}path") if one.attrib.get("fill") in (charts.REAL, charts.HATCHED)
        ]
        assert len(bars) == sum(share > 0 for share in real + fake)
