import sys

import pytest

from benchmarks.memory import memory_table
from benchmarks.shared.footprint import footprint
from benchmarks.shared.shape import Shape
from benchmarks.shared.worker import Job

MODEL = "256/1/32/64/33"
"""Large enough that a few pages do not matter."""

FORMULA = sum(footprint(Shape.parse(MODEL)).values())


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc is Linux's")
def test_measured_memory_is_what_the_formula_says(run_benchmark):
    report, out, _ = run_benchmark("memory", "--shapes", MODEL, "--rounds", "1")
    assert "PyTorch float32 left out" in out
    (result,) = report["results"]
    (measured,) = result["rounds"]
    assert measured["memory_model"] == measured["memory_peak"] - measured["memory_before"]
    assert 0.9 < measured["memory_model"] / FORMULA < 1.2


def test_the_table_compares_engines():
    figures = {
        Job(engine, MODEL): [{"memory_model": size << 20, "memory_peak": (size + 100) << 20}]
        for engine, size in (("charrnn", 10), ("pytorch", 20))
    }
    last = memory_table(figures).splitlines()[-1]
    cells = [cell.strip() for cell in last.strip("|").split("|")]
    formula = FORMULA / 2**20
    assert cells[3:7] == [f"{formula:.1f}", "10.0", "110.0", f"{100 * 10 / formula:.0f} %"]
    assert cells[7:] == ["20.0", "120.0", "50 %"]
