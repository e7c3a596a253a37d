import dataclasses

import pytest

from benchmarks import kernels
from benchmarks.cases import all_cases
from benchmarks.kernels import check, figures_of, kernels_table, main
from benchmarks.shared.shape import Shape
from charrnn.kernels.matmul import matmul
from charrnn.kernels.matmul_transposed import matmul_transposed

SHAPE = Shape(9, 1, 3, 4, 5)


def test_quick(run_benchmark):
    report, out, _ = run_benchmark("kernels", "--quick")
    assert len(report["results"]) == len(list(all_cases(SHAPE, "float32")))
    for result in report["results"]:
        assert result["seconds"] > 0
        assert result["kernel"] in out
        assert result["part_of_peak"] is not None or result["nanoseconds"] is not None


@pytest.mark.parametrize("precision", ["float32", "float64", "bf16"])
def test_all_kernels_are_right_and_a_second_call_is_right_as_well(precision):
    for case in all_cases(SHAPE, precision):
        assert check(case) == ""
        assert check(case) == "", "prepare must make the inputs anew"


def test_a_wrong_result_is_told_apart_from_rounding(monkeypatch):
    from benchmarks.cases import products

    def careless(a, b, start, ids, c, first, last):
        matmul(a, b, start, ids, c, first, last)
        c[-1, -1, 0] += 1e-3

    def forgetful(a, bs, cs, ids, sums, scratch, first, last):
        matmul_transposed(a[:-1], (bs[0][:-1], bs[1][:-1]), cs, ids[:-1], sums, scratch, first, last)

    monkeypatch.setattr(products, "matmul", careless)
    monkeypatch.setattr(products, "matmul_transposed", forgetful)
    wrong = [case.name for case in all_cases(SHAPE, "float32") if check(case)]
    assert len([name for name in wrong if name.startswith("matmul:")]) == 6
    assert len([name for name in wrong if name.startswith("matmul_transposed:")]) == 3


def test_a_wrong_result_is_given_no_time(monkeypatch, capsys, tmp_path):
    def one_wrong(shape, precision):
        for case in all_cases(shape, precision):
            if case.name in ("adam", "dropout"):
                yield dataclasses.replace(case, error=lambda: 3.0) if case.name == "adam" else case

    monkeypatch.setattr(kernels, "all_cases", one_wrong)
    assert main(["--quick", "--json", str(tmp_path / "report.json")]) == 1
    out, err = capsys.readouterr()
    assert "| dropout " in out
    assert "| adam " not in out
    assert "adam (2304) is wrong: 3 times the error that rounding allows" in err
    assert not (tmp_path / "report.json").exists()


def test_a_cell_is_charged_for_what_is_not_its_product():
    case = next(case for case in all_cases(SHAPE, "float32") if case.name.startswith("cell forward"))
    timing = figures_of(case, seconds=3e-6, peak=100.0, product_seconds=2e-6)
    assert timing.nanoseconds == pytest.approx(1e3 / (4 * 3 * 9))
    lost = figures_of(case, seconds=1e-6, peak=100.0, product_seconds=2e-6)
    assert (lost.seconds, lost.nanoseconds) == (1e-6, None)
    nothing = figures_of(case, seconds=-1e-9, peak=100.0)
    assert (nothing.seconds, nothing.gflops, nothing.part_of_peak, nothing.nanoseconds) == (None,) * 4
    assert [cell.strip() for cell in kernels_table([nothing]).splitlines()[-1].split("|")[3:-1]] == ["-"] * 4
    assert timing.gflops == pytest.approx(2 * 4 * 3 * 36 * 9 / 3e3)
    assert timing.part_of_peak == pytest.approx(timing.gflops / 100)
