import pytest


def test_quick(run_benchmark):
    report, out, _ = run_benchmark("scaling", "--quick")
    small, large = report["results"]
    assert (small["factor"], small["shape"], large["shape"]) == ("hidden", "8/2/8/10/17", "24/2/8/10/17")
    assert "hidden grows from 24/2/8/10/17" in out
    for result in (small, large):
        (one,) = result["rounds"]
        assert one["chars_per_second"] == pytest.approx(80 / one["seconds"])
        row = next(line for line in out.splitlines() if line.startswith(f"| {result['shape'].split('/')[0]} "))
        assert f"{1e3 * one['seconds']:.3g}" in row
