import sys
from xml.etree import ElementTree as ET

import pytest

from charrnn.cli.gradients.drawing import Panel, Series, as_png, as_svg
from charrnn.errors import ConfigError

SVG = "{http://www.w3.org/2000/svg}"


def drawn(*panels):
    return ET.fromstring(as_svg(panels))


def test_a_line_runs_from_corner_to_corner_on_logarithmic_axes():
    line = Series("a < b", [(1, 1e-6), (10, 1e-3), (100, 1), (1000, 0)])
    root = drawn(Panel("title", [line], logarithmic=True))
    points = root.find(f".//{SVG}polyline").get("points").split()
    assert points == ["50.0,270.0", "210.0,160.0", "370.0,50.0"]  # of 420 x 320 pixels; 0 has no logarithm
    texts = [text.text for text in root.iter(f"{SVG}text")]
    assert texts == ["title", "1", "100", "1e-06", "1", "a < b"]


def test_points_lie_around_the_unit_circle():
    root = drawn(Panel("", []), Panel("", [Series("", [(0, 1), (2, 0)], joined=False)], circle=True))
    circle, (on, out) = root.find(f".//{SVG}ellipse"), root.findall(f".//{SVG}circle")
    cx, cy, rx, ry = (float(circle.get(name)) for name in ("cx", "cy", "rx", "ry"))
    assert float(on.get("cx")) == pytest.approx(cx, abs=0.1)
    assert float(on.get("cy")) == pytest.approx(cy - ry, abs=0.1)
    assert float(out.get("cx")) == pytest.approx(cx + 2 * rx, abs=0.2)
    assert int(root.get("width")) == 2 * 420


def test_nothing_and_single_points_can_be_drawn():
    drawn(Panel("", [Series("", [])]), Panel("", [Series("", [(3, 3)], joined=False)]), Panel("", [], circle=True))


def test_a_png_is_drawn_of_the_same_panels():
    pytest.importorskip("matplotlib", reason="matplotlib is an extra")
    line = Series("a < b", [(1, 1e-6), (10, 1e-3), (1000, 0)])
    cloud = Series("points", [(0, 1), (2, 0)], joined=False)
    picture = as_png([Panel("norms", [line], logarithmic=True), Panel("values", [cloud], circle=True), Panel("", [])])
    assert picture.startswith(b"\x89PNG")


def test_without_matplotlib_a_png_is_refused(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ConfigError, match="a PNG needs matplotlib: install it with"):
        as_png([Panel("", [])])
