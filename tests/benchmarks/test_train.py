import pytest

from benchmarks.shared.shape import Shape
from benchmarks.shared.worker import Job
from benchmarks.train import engines_table, main, threads_table

SHAPE = "8/1/2/3/5"


def rounds(*speeds):
    return [{"chars_per_second": speed, "part_of_peak": None} for speed in speeds]


def last_cells(text):
    return [line.split("|")[-2].strip() for line in text.splitlines()[2:]]


def test_a_round_without_pytorch(run_benchmark):
    options = ("--rounds", "1", "--seconds", "0", "--threads", "1", "--clock", "cpu", "--precision", "float32")
    report, out, err = run_benchmark("train", "--shapes", SHAPE, *options)
    assert "PyTorch float32 left out: is not installed" in out
    (result,) = report["results"]
    assert (result["engine"], result["shape"], result["threads"], result["clock"]) == ("charrnn", SHAPE, 1, "cpu")
    (one,) = result["rounds"]
    assert one["steps"] == 5
    assert one["chars_per_second"] == pytest.approx(6 / one["step_seconds"])
    gflops = Shape(8, 1, 2, 3, 5).flop / one["step_seconds"] / 1e9
    assert one["part_of_peak"] == pytest.approx(gflops / one["peak_gflops"])
    assert f"{SHAPE} round 1/1: charrnn float32 on 1 thread" in err


def test_ratios_are_taken_within_a_round():
    ours, theirs, two = Job("charrnn", SHAPE), Job("pytorch", SHAPE), Job("charrnn", SHAPE, threads=2)
    figures = {ours: rounds(100, 300, 1000), theirs: rounds(50, 200, 100), two: rounds(150, 600, 2100)}
    assert last_cells(engines_table(figures)) == ["2.00 (1.50-10.00)", "-"]
    assert last_cells(threads_table(figures)) == ["2.00 (1.50-2.10)"]
    assert threads_table({ours: figures[ours]}) == ""


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--threads", "100000"], "choose --threads of at most"),
        (["--precision", "float7"], "charrnn float7 left out: has no precision float7"),
    ],
)
def test_what_cannot_be_measured_is_one_line(options, message, alone, capsys, tmp_path):
    assert main([*options, "--json", str(tmp_path / "report.json")]) == 1
    assert message in capsys.readouterr().err.splitlines()[-1]
    assert not (tmp_path / "report.json").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--threads", "0"], "wanted whole numbers"),
        (["--threads", "two"], "wanted whole numbers"),
        (["--shapes", "1/2/3"], "a shape is five whole numbers"),
    ],
)
def test_wrong_options_are_usage_errors(options, message, capsys):
    with pytest.raises(SystemExit) as failure:
        main(options)
    assert failure.value.code == 2
    assert message in capsys.readouterr().err
