import math
import xml.etree.ElementTree as ET

from charrnn.markup import MOST_SHOWN_SYMBOLS, curves_svg, heat_html, table_html, text_html


def test_what_a_text_holds_cannot_become_markup():
    nasty = '<pre><script>alert("x")</script>'
    for shown in (
        text_html(nasty),
        table_html((nasty,), [(nasty, text_html(nasty))]),
        heat_html(nasty, [1.0] * 40, ""),
    ):
        assert "<script" not in shown
        ET.fromstring(f"<p>{shown}</p>")
    assert "<pre><script" not in table_html(("a",), [("<pre><script>",)])


def test_the_less_expected_a_character_the_redder():
    root = ET.fromstring(heat_html("ab\nc", [math.nan, 1.0, 4.0, 99.0], "\U0010ffff"))
    assert "".join(root.itertext()) == "ab⏎\nc"
    assert [span.get("title") for span in root] == ["1.00 bits", "4.00 bits", "99.00 bits"]
    colours = [float(span.get("style").rpartition(",")[2].rstrip(")")) for span in root]
    assert colours == sorted(colours)
    assert 0 < colours[0] < colours[-1] <= 1


def test_of_a_long_text_the_beginning_is_shown():
    assert "... 7 more characters" in text_html("a" * (MOST_SHOWN_SYMBOLS + 7))


def test_curves_are_drawn_in_the_picture_and_gaps_left_out():
    svg = ET.fromstring(curves_svg("loss", [1, 2, 5], {"train": [3.0, None, 1.0], "val": [2.0, 2.5, math.inf]}))
    lines = [each.get("points").split() for each in svg.iter("{http://www.w3.org/2000/svg}polyline")]
    assert [len(points) for points in lines] == [2, 2]
    (x, top), (end, bottom) = (map(float, point.split(",")) for point in lines[0])
    assert 0 < x < end < 480
    assert 0 < top < bottom < 220
    assert "no evaluation yet" in curves_svg("loss", [], {"train": []})
