import sys

import pytest

from benchmarks.models import nearest

TEXT = "the cat sat on the mat. the dog sat on the log.\n" * 60


@pytest.fixture
def text(tmp_path):
    (tmp_path / "cats.txt").write_text(TEXT)
    return tmp_path / "cats.txt"


def test_quick(run_benchmark, text, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    report, out, _ = run_benchmark("models", str(text), "--quick", "--models", "lstm,tdnn,ngram")
    assert {result["name"] for result in report["results"]} == {"lstm", "tdnn", "ngram"}
    for result in report["results"]:
        row = next(line for line in out.splitlines() if line.startswith(f"| {result['name']} "))
        assert f"{min(bpc for _, bpc in result['curve']):.4f}" in row
        assert f"{result['parameters']:,}" in row
    sizes = {result["name"]: result["parameters"] for result in report["results"]}
    assert sizes["lstm"] == pytest.approx(3000, rel=0.1)
    assert sizes["tdnn"] == pytest.approx(3000, rel=0.1)
    assert "matplotlib is not installed" in out


def test_curves_are_drawn(text, run_benchmark, tmp_path):
    pytest.importorskip("matplotlib")
    plot = tmp_path / "plots" / "models.svg"
    _, out, _ = run_benchmark("models", str(text), "--quick", "--models", "tdnn,ngram", "--plot", str(plot))
    assert f"The curves: {plot}" in out
    assert "<svg" in plot.read_text()


def test_the_nearest_size():
    assert [nearest(lambda n: n * n, wanted, 100) for wanted in (0, 5, 7, 90, 20_000)] == [1, 2, 3, 9, 100]
