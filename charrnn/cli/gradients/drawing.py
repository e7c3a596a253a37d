"""Plots of curves and points: SVG written by hand, without a plotting library; PNG by matplotlib."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from xml.sax.saxutils import escape

from charrnn.errors import ConfigError

WIDTH, PANEL_HEIGHT, MARGIN = 420, 320, 50
"""Size of a panel and its margin on each side, in pixels."""

COLOURS = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#8c564b")

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Series:
    """Named points, which a line may join."""

    name: str
    points: Points
    joined: bool = True


@dataclass(frozen=True)
class Panel:
    """A plot with two axes.

    Attributes:
        title: the heading.
        series: the points and curves.
        logarithmic: whether both axes are logarithmic, which omits points that are not positive.
        circle: whether to draw the unit circle, with equal scales.
    """

    title: str
    series: Sequence[Series]
    logarithmic: bool = False
    circle: bool = False


def as_svg(panels: Sequence[Panel]) -> str:
    """Draw the panels side by side as SVG."""
    size = f'width="{WIDTH * len(panels)}" height="{PANEL_HEIGHT}"'
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="11">']
    parts.append('<rect width="100%" height="100%" fill="white"/>')
    for number, panel in enumerate(panels):
        parts += [f'<g transform="translate({WIDTH * number} 0)">', *_panel(panel), "</g>"]
    return "\n".join([*parts, "</svg>", ""])


def _panel(panel: Panel) -> list[str]:
    shown = [[_placed(point, panel) for point in series.points if _fits(point, panel)] for series in panel.series]
    xs, ys = _range([x for points in shown for x, _ in points]), _range([y for points in shown for _, y in points])
    if panel.circle:
        most = max(1.0, *map(abs, (*xs, *ys)))
        xs = ys = (-1.1 * most, 1.1 * most)

    def place(x: float, y: float) -> tuple[float, float]:
        across = (x - xs[0]) / (xs[1] - xs[0])
        up = (y - ys[0]) / (ys[1] - ys[0])
        return MARGIN + across * (WIDTH - 2 * MARGIN), PANEL_HEIGHT - MARGIN - up * (PANEL_HEIGHT - 2 * MARGIN)

    box = f'width="{WIDTH - 2 * MARGIN}" height="{PANEL_HEIGHT - 2 * MARGIN}"'
    parts = [f'<text x="{WIDTH / 2}" y="{MARGIN - 30}" text-anchor="middle">{escape(panel.title)}</text>']
    parts.append(f'<rect x="{MARGIN}" y="{MARGIN}" {box} fill="none" stroke="#888"/>')
    for value in xs:
        x, y = place(value, ys[0])
        parts.append(f'<text x="{x:.1f}" y="{y + 15:.1f}" text-anchor="middle">{_label(value, panel)}</text>')
    for value in ys:
        x, y = place(xs[0], value)
        parts.append(f'<text x="{x - 4:.1f}" y="{y + 4:.1f}" text-anchor="end">{_label(value, panel)}</text>')
    if panel.circle:
        (left, top), (right, bottom) = place(-1, 1), place(1, -1)
        centre = f'cx="{(left + right) / 2:.1f}" cy="{(top + bottom) / 2:.1f}"'
        radii = f'rx="{(right - left) / 2:.1f}" ry="{(bottom - top) / 2:.1f}"'
        parts.append(f'<ellipse {centre} {radii} fill="none" stroke="#888"/>')
    for number, (series, points) in enumerate(zip(panel.series, shown, strict=True)):
        colour = COLOURS[number % len(COLOURS)]
        at = [place(*point) for point in points]
        if series.joined:
            line = " ".join(f"{x:.1f},{y:.1f}" for x, y in at)
            parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        else:
            parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="1.5" fill="{colour}"/>' for x, y in at]
        name = f'x="{MARGIN + 8}" y="{MARGIN + 15 + 13 * number}" fill="{colour}"'
        parts.append(f"<text {name}>{escape(series.name)}</text>")
    return parts


def as_png(panels: Sequence[Panel]) -> bytes:
    """Draw the panels side by side as PNG.

    Raises:
        ConfigError: Matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise ConfigError(
            "a PNG needs matplotlib: install it with pip install 'charrnn-cpu[plots]', or draw SVG"
        ) from None
    figure = Figure(figsize=(WIDTH * len(panels) / 80, PANEL_HEIGHT / 80), layout="constrained")
    for panel, axes in zip(panels, figure.subplots(1, len(panels), squeeze=False)[0], strict=True):
        axes.set_title(panel.title, fontsize="medium")
        if panel.logarithmic:
            axes.set(xscale="log", yscale="log")
        if panel.circle:
            turn = [2 * math.pi * k / 200 for k in range(201)]
            axes.plot([math.cos(angle) for angle in turn], [math.sin(angle) for angle in turn], color="#888")
            axes.set_aspect("equal", "datalim")
        for series in panel.series:
            points = [point for point in series.points if _fits(point, panel)]
            style = "-" if series.joined else "."
            axes.plot([x for x, _ in points], [y for _, y in points], style, markersize=3, label=series.name)
        if panel.series:
            axes.legend(fontsize="small")
    picture = BytesIO()
    figure.savefig(picture, format="png", dpi=160)
    return picture.getvalue()


def _fits(point: tuple[float, float], panel: Panel) -> bool:
    return all(math.isfinite(value) and (value > 0 or not panel.logarithmic) for value in point)


def _placed(point: tuple[float, float], panel: Panel) -> tuple[float, float]:
    x, y = point
    return (math.log10(x), math.log10(y)) if panel.logarithmic else (x, y)


def _range(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values, default=0.0), max(values, default=1.0)
    return (low, high) if high > low else (low - 1, high + 1)


def _label(value: float, panel: Panel) -> str:
    return f"{10**value:.3g}" if panel.logarithmic else f"{value:.3g}"
