import dataclasses

import pytest

from benchmarks import kernels
from benchmarks.cases import all_cases
from benchmarks.cases.contract import CallTime
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

    def forgetful(a, bs, cs, ids, sums, buffers, first, last):
        matmul_transposed(a[:-1], (bs[0][:-1], bs[1][:-1]), cs, ids[:-1], sums, buffers, first, last)

    monkeypatch.setattr(products, "matmul", careless)
    monkeypatch.setattr(products, "matmul_transposed", forgetful)
    wrong = [case.name for case in all_cases(SHAPE, "float32") if check(case)]
    assert len([name for name in wrong if name.startswith("matmul:")]) == 7
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


def cells(timing):
    return [cell.strip() for cell in kernels_table([timing]).splitlines()[-1].split("|")[3:-1]]


@pytest.fixture
def cell_case():
    """Its products are four of 3 x 36 x 9, one for each step; its elements are 4 x 3 x 9."""
    return next(case for case in all_cases(SHAPE, "float32") if case.name.startswith("cell forward"))


def test_a_cell_is_charged_for_what_is_not_its_product(cell_case):
    timing = figures_of(cell_case, CallTime(3e-6, False), 100.0, CallTime(0.5e-6, False))
    assert timing.nanoseconds == pytest.approx(1e3 / (4 * 3 * 9))
    assert timing.gflops == pytest.approx(2 * 4 * 3 * 36 * 9 / 3e3)
    assert timing.part_of_peak == pytest.approx(timing.gflops / 100)
    assert cells(timing) == ["3", "2.59", "3 %", "9.259"]


@pytest.mark.parametrize("product", [None, CallTime(0.75e-6, False), CallTime(0.1e-6, True)])
def test_a_cell_whose_product_is_unknown_or_seems_slower_has_a_bound(cell_case, product):
    timing = figures_of(cell_case, CallTime(3e-6, False), 100.0, product)
    assert timing.nanoseconds == pytest.approx(3e3 / (4 * 3 * 9))
    assert cells(timing) == ["3", "2.59", "3 %", "<27.778"]


def test_what_follows_from_a_bound_is_marked_as_one(cell_case):
    timing = figures_of(cell_case, CallTime(3e-6, True), 100.0, CallTime(0.5e-6, False))
    assert cells(timing) == ["<3", ">2.59", ">3 %", "<9.259"]
    no_product = dataclasses.replace(cell_case, flop=0, count=0, repeats=0)
    assert cells(figures_of(no_product, CallTime(3e-6, True), None)) == ["<3", "-", "-", "-"]
