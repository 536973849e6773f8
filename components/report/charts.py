"""The charts of a report, as Altair describes them; `components.report.svg` draws them.

Real and fake differ by colour (a pair the colour-blind can tell apart) and by place, shape or hatching as well.
"""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import altair as alt

INK, SOFT, LINE, BACK, REAL, FAKE, MARK, TRY = (
    f"var(--{name})" for name in ("ink", "soft", "line", "back", "real", "fake", "mark", "try")
)
HATCHED = "url(#hatched)"
"""A pattern in the colour of fakes that the page defines."""

SIDE = 300
"""Width and height of the square charts, in units that are pixels where the drawing is not scaled."""

_TEXT = 12
_PERCENT = "format(abs(datum.value), '.0%')"
_NUMBER = "format(datum.value, '.1f')"

Point = tuple[float, float]


@dataclasses.dataclass(frozen=True)
class _Plane:
    """Two axes that all layers of a chart share: Vega-Lite would join titles that differ.

    Attributes:
        x_title, y_title: of the axes.
        low, high: range of y; x goes from 0 to 1.
        x_label, y_label: Vega expressions for the labels.
    """

    x_title: str
    y_title: str
    low: float = 0.0
    high: float = 1.0
    x_label: str = _PERCENT
    y_label: str = _PERCENT

    def x(self) -> alt.X:
        axis = alt.Axis(title=self.x_title, labelExpr=self.x_label, tickCount=5)
        return alt.X("x:Q", scale=alt.Scale(domain=[0, 1], nice=False), axis=axis)

    def y(self) -> alt.Y:
        axis = alt.Axis(title=self.y_title, labelExpr=self.y_label, tickCount=5)
        return alt.Y("y:Q", scale=alt.Scale(domain=[self.low, self.high], nice=False), axis=axis)

    def line(self, points: Sequence[Point], interpolate: str = "linear") -> alt.Chart:
        rows = [{"x": x, "y": y, "place": place} for place, (x, y) in enumerate(points)]
        line = _data(rows).mark_line(stroke=INK, strokeWidth=2, interpolate=interpolate)
        return line.encode(self.x(), self.y(), order="place:Q")

    def guide(self, start: Point, end: Point) -> alt.Chart:
        rows = [{"x": start[0], "y": start[1], "x2": end[0], "y2": end[1]}]
        return (
            _data(rows).mark_rule(stroke=SOFT, strokeDash=[4, 4]).encode(self.x(), self.y(), x2="x2", y2="y2")
        )

    def text(self, point: Point, text: str, **look: Any) -> alt.Chart:
        rows = [{"x": point[0], "y": point[1], "text": text}]
        return (
            _data(rows)
            .mark_text(**({"fill": INK, "fontSize": _TEXT} | look))
            .encode(self.x(), self.y(), text="text:N")
        )

    def mark(self, point: Point, text: str, below: bool = True) -> alt.LayerChart:
        """A dot with its name, on the side that has room."""
        dot = _data([{"x": point[0], "y": point[1]}]).mark_point(
            filled=True, size=90, fill=MARK, stroke=BACK, strokeWidth=1.5, opacity=1
        )
        right = point[0] < 0.55
        label = self.text(
            point,
            text,
            align="left" if right else "right",
            dx=9 if right else -9,
            dy=13 if below else -13,
            fontWeight="bold",
            # A rim in the colour of the page, where the curve runs behind it.
            stroke=BACK,
            strokeWidth=4,
        )
        return dot.encode(self.x(), self.y()) + label


def roc(points: Sequence[Point], tau: Point) -> alt.LayerChart:
    """False positive rate against recall of fake, the chance line dashed, tau marked."""
    plane = _Plane("real images called fake (false positive rate)", "fakes found (recall)")
    return _finished(
        plane.guide((0, 0), (1, 1)),
        plane.line(points),
        plane.mark(tau, "\u03c4"),
    )


def precision_recall(points: Sequence[Point], tau: Point | None, share: float) -> alt.LayerChart:
    """Recall of fake against precision, the share of fakes (what guessing gets) dashed, tau marked."""
    plane = _Plane("fakes found (recall)", "fakes among those called fake (precision)")
    layers = [
        plane.guide((0, share), (1, share)),
        # Between two points precision is not linear; scikit-learn's curve is one of steps.
        plane.line(points, interpolate="step-before"),
    ]
    return _finished(*layers, *([plane.mark(tau, "\u03c4")] if tau else []))


def histogram(
    real: Sequence[float], fake: Sequence[float], tau: float, uncertain: tuple[float, float] | None
) -> alt.LayerChart:
    """Scores of real images upwards, of fakes downwards, in shares of their class; tau a line through both.

    Args:
        real: share of the real images in each of equally wide bins over [0, 1]; all zero where there is none.
        fake: likewise.
        tau: threshold.
        uncertain: the band between real and fake, shaded.
    """
    high = max(*real, *fake, 0.01) * 1.2
    plane = _Plane("score", "share of the class", -high, high, x_label=_NUMBER)
    layers = []
    if uncertain is not None:
        band = [{"x": uncertain[0], "x2": uncertain[1], "y": -high, "y2": high}]
        layers.append(
            _data(band).mark_rect(fill=SOFT, opacity=0.18).encode(plane.x(), plane.y(), x2="x2", y2="y2")
        )
    for shares, sign, fill, stroke in ((real, 1, REAL, REAL), (fake, -1, HATCHED, FAKE)):
        bars = [
            {"x": place / len(shares), "x2": (place + 1) / len(shares), "y": sign * share, "y2": 0}
            for place, share in enumerate(shares)
            if share
        ]
        bar = _data(bars).mark_rect(fill=fill, stroke=stroke, strokeWidth=1)
        layers.append(bar.encode(plane.x(), plane.y(), x2="x2", y2="y2"))
    layers.append(_data([{"y": 0}]).mark_rule(stroke=SOFT).encode(plane.y()))
    layers.append(_data([{"x": tau}]).mark_rule(stroke=MARK, strokeWidth=2).encode(plane.x()))
    side = {"align": "left", "dx": 5} if tau < 0.9 else {"align": "right", "dx": -5}
    layers += [
        plane.text((tau, high), "\u03c4", baseline="top", fontWeight="bold", dy=2, **side),
        plane.text((0, high), "\u2191 real images", baseline="top", align="left", dx=6, dy=4),
        plane.text((0, -high), "\u2193 fake images", baseline="bottom", align="left", dx=6, dy=-4),
    ]
    return _finished(*layers, width=400, height=260)


def reliability(bins: Sequence[dict[str, float]]) -> alt.LayerChart:
    """Mean score against share of fakes of each bin, with 95 % intervals; the larger the dot, the more images.

    Args:
        bins: `score`, `share`, `low`, `high` in [0, 1] and `count` each; at least one.
    """
    plane = _Plane("mean score of the images", "share of fakes among them", x_label=_NUMBER)
    rows = [{"x": one["score"], "y": one["share"], "count": one["count"]} for one in bins]
    spans = [{"x": one["score"], "y": one["low"], "y2": one["high"]} for one in bins]
    size = alt.Size(
        "count:Q",
        scale=alt.Scale(domain=[0, max(one["count"] for one in bins)], range=[20, 260]),
        legend=None,
    )
    dot = _data(rows).mark_point(filled=True, fill=MARK, stroke=BACK, strokeWidth=1, opacity=1)
    return _finished(
        plane.guide((0, 0), (1, 1)),
        _data(spans).mark_rule(stroke=SOFT, strokeWidth=1.2).encode(plane.x(), plane.y(), y2="y2"),
        dot.encode(plane.x(), plane.y(), size=size),
    )


def risk_coverage(points: Sequence[Point], marked: Point | None) -> alt.LayerChart:
    """Share of images that are decided against the share of those decided wrongly; the uncertain band marked."""
    high = max(max(risk for _, risk in points) * 1.2, 0.02)
    label = _PERCENT if high > 0.1 else "format(datum.value, '.1%')"
    plane = _Plane("images decided (coverage)", "of them wrong (risk)", high=high, y_label=label)
    return _finished(
        plane.line(points), *([plane.mark(marked, "uncertain band", below=False)] if marked else [])
    )


def robustness(
    rows: Sequence[dict[str, Any]], names: Sequence[str], untouched: dict[str, float]
) -> alt.LayerChart:
    """AUC (discs) and accuracy (squares) of each perturbation; dashed lines for the images as they are.

    Args:
        rows: `name`, `measure` (`AUC` or `accuracy`) and `value` in [0, 1] each; at least one.
        names: of the perturbations, from above.
        untouched: value of the images as they are, by measure.
    """
    lowest = min([row["value"] for row in rows] + list(untouched.values()))
    # A little room, as a dot on the axis would hide a name.
    low = min(0.5, math.floor(10 * lowest - 0.2) / 10)
    scale = alt.Scale(domain=[low, 1], nice=False)
    x = alt.X("value:Q", scale=scale, axis=alt.Axis(title=None, format=".1f", tickCount=5, orient="top"))
    y = alt.Y("name:N", sort=list(names), axis=alt.Axis(title=None, ticks=False, grid=True))
    layers = []
    for measure, look in {"AUC": (MARK, "circle"), "accuracy": (TRY, "square")}.items():
        if measure in untouched:
            guide = _data([{"value": untouched[measure]}]).mark_rule(stroke=look[0], strokeDash=[5, 4])
            layers.append(guide.encode(x))
        dots = _data([one for one in rows if one["measure"] == measure])
        layers.append(
            dots.mark_point(filled=True, size=70, opacity=1, fill=look[0], shape=look[1]).encode(x, y)
        )
    return _finished(*layers, width=300, height=20 * len(names), names=20)


def _data(values: Sequence[dict[str, Any]]) -> alt.Chart:
    return alt.Chart(alt.InlineData(values=list(values)))


def _finished(
    *layers: alt.Chart | alt.LayerChart, width: int = SIDE, height: int = SIDE, names: int = 0
) -> alt.LayerChart:
    """One look for all: transparent, in the page's own colours; `names` is room for long ones in a wide font."""
    return (
        alt.layer(*layers)
        .properties(
            width=width,
            height=height,
            background="transparent",
            padding={"left": 4 + names, "top": 4, "right": 4, "bottom": 4},
        )
        .configure(
            aria=False,
            # To measure labels by; on the page they are in its own font.
            font="Liberation Sans, Arial, sans-serif",
            view=alt.ViewConfig(stroke=None),
            axis=alt.AxisConfig(
                labelColor=SOFT,
                titleColor=INK,
                titleFontWeight="normal",
                titleFontSize=_TEXT,
                labelFontSize=_TEXT - 1,
                titlePadding=6,
                gridColor=LINE,
                domainColor=SOFT,
                tickColor=SOFT,
                tickSize=4,
                labelFlush=False,
            ),
        )
    )
