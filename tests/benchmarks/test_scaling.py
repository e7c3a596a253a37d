import pytest


def test_quick(run_benchmark):
    report, out, _ = run_benchmark("scaling", "--quick")
    (result,) = report["results"]
    (one,) = result["rounds"]
    assert result["shape"] == "8/2/8/10/17"
    assert "hidden grows from 24/2/8/10/17" in out
    assert one["chars_per_second"] == pytest.approx(80 / one["step_seconds"])
    row = next(line for line in out.splitlines() if line.startswith("| 8 "))
    assert f"{1e3 * one['step_seconds']:.3g}" in row
