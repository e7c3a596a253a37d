"""Results as HTML for notebooks, with inline styles and without scripts, so that copies look the same everywhere."""

import math
from collections.abc import Iterable, Mapping, Sequence
from html import escape

MOST_SHOWN_SYMBOLS = 5000
"""Characters of a text that are shown."""

HOT_BITS = 8.0
"""Bits of surprise that are shown in the strongest colour."""

PRE = "white-space:pre-wrap;overflow-wrap:anywhere;font-family:monospace;line-height:1.5;margin:0"
CELL = "text-align:left;vertical-align:top;padding:0.2em 1em 0.2em 0"

PICTURE_WIDTH, PICTURE_HEIGHT, LEFT_MARGIN, BOTTOM_MARGIN = 480, 220, 48, 28
"""Of a picture of curves and of its margins, in pixels."""

CURVE_COLOURS = {"train": "#7a8ca5", "val": "#c0392b"}


class Html(str):
    """A text that is HTML already."""

    __slots__ = ()


def heat_html(symbols: str, bits: Iterable[float], end: str) -> str:
    """A text whose characters are the redder the more bits each took; hovering tells the bits.

    Args:
        symbols: the text.
        bits: of each character; NaN for one that was not predicted.
        end: the symbol that stands for a document's end, shown as a sign.
    """
    parts = [_heated(symbol, value, end) for symbol, value in zip(symbols[:MOST_SHOWN_SYMBOLS], bits, strict=False)]
    return f'<pre style="{PRE}">{"".join(parts)}</pre>{_rest(len(symbols))}'


def _heated(symbol: str, bits: float, end: str) -> str:
    shown = {"\n": "⏎\n", end: "∎\n"}.get(symbol, escape(symbol))
    if math.isnan(bits):
        return shown
    strength = min(1.0, bits / HOT_BITS)
    return (
        f'<span style="background-color:rgba(220,60,40,{0.85 * strength:.2f})" title="{bits:.2f} bits">{shown}</span>'
    )


def text_html(symbols: str) -> Html:
    """A text as it is."""
    return Html(f'<pre style="{PRE}">{escape(symbols[:MOST_SHOWN_SYMBOLS])}</pre>{_rest(len(symbols))}')


def _rest(count: int) -> str:
    return f"<p>... {count - MOST_SHOWN_SYMBOLS:,} more characters</p>" if count > MOST_SHOWN_SYMBOLS else ""


def table_html(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table, whose cells are texts or HTML."""
    lines = [_row("th", head), *(_row("td", row) for row in rows)]
    return f'<table style="border-collapse:collapse">{"".join(lines)}</table>'


def _row(tag: str, cells: Sequence[str]) -> str:
    shown = [cell if isinstance(cell, Html) else escape(cell) for cell in cells]
    return "<tr>" + "".join(f'<{tag} style="{CELL}">{cell}</{tag}>' for cell in shown) + "</tr>"


def curves_svg(title: str, steps: Sequence[int], curves: Mapping[str, Sequence[float | None]]) -> str:
    """A picture of curves over the steps of a run, with a line for each name in ``curves``; as an SVG element.

    Args:
        title: what the values are.
        steps: (N,) the places, rising.
        curves: (N,) values of each curve; None where there is none.
    """
    known = [value for values in curves.values() for value in values if value is not None and math.isfinite(value)]
    if not known:
        return f"<p>{escape(title)}: no evaluation yet</p>"
    low, high = min(known), max(known)
    high = high if high > low else low + 1
    first, last = steps[0], max(steps[-1], steps[0] + 1)

    def place(step: float, value: float) -> str:
        x = LEFT_MARGIN + (step - first) / (last - first) * (PICTURE_WIDTH - LEFT_MARGIN - 10)
        y = PICTURE_HEIGHT - BOTTOM_MARGIN - (value - low) / (high - low) * (PICTURE_HEIGHT - BOTTOM_MARGIN - 30)
        return f"{x:.1f},{y:.1f}"

    parts = []
    for number, (name, values) in enumerate(curves.items()):
        colour = CURVE_COLOURS.get(name, "#888")
        drawn = zip(steps, values, strict=True)
        points = [place(step, value) for step, value in drawn if value is not None and math.isfinite(value)]
        dashes = ' stroke-dasharray="5 3"' if number else ""
        label = escape(name) + (" - -" if number else " ──")
        parts.append(
            f'<polyline fill="none" stroke="{colour}" stroke-width="2"{dashes} points="{" ".join(points)}"/>'
            f'<text x="{LEFT_MARGIN + 90 * number}" y="14" fill="{colour}">{label}</text>'
        )
    labels = [
        (4, 34, f"{high:.3g}"),
        (4, PICTURE_HEIGHT - BOTTOM_MARGIN, f"{low:.3g}"),
        (LEFT_MARGIN, PICTURE_HEIGHT - 8, f"{first:,}"),
        (PICTURE_WIDTH - 60, PICTURE_HEIGHT - 8, f"{last:,} steps"),
        (LEFT_MARGIN + 200, 14, title),
    ]
    parts += [f'<text x="{x}" y="{y}" fill="#888">{escape(text)}</text>' for x, y, text in labels]
    size = f'viewBox="0 0 {PICTURE_WIDTH} {PICTURE_HEIGHT}" width="{PICTURE_WIDTH}" height="{PICTURE_HEIGHT}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" font-family="sans-serif" font-size="12">'
        f"<title>{escape(title)}</title>" + "".join(parts) + "</svg>"
    )
