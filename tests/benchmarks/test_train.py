import pytest

from benchmarks.shared.shape import Shape
from benchmarks.shared.worker import Job
from benchmarks.train import engines_table, main, threads_table


def test_two_rounds_without_pytorch(run_benchmark):
    report, out, err = run_benchmark(
        "train", "--shapes", "8/1/2/3/5", "--rounds", "2", "--seconds", "0", "--threads", "1", "--clock", "cpu"
    )
    assert "PyTorch float32 left out: is not installed" in out
    (result,) = (result for result in report["results"] if result["precision"] == "float32")
    assert (result["engine"], result["shape"], result["threads"]) == ("charrnn", "8/1/2/3/5", 1)
    assert len(result["rounds"]) == 2
    for one in result["rounds"]:
        assert one["steps"] == 5
        assert one["seconds"] == one["step_cpu_seconds"] > 0
        assert one["chars_per_second"] == pytest.approx(6 / one["seconds"])
        gflops = Shape(8, 1, 2, 3, 5).flop / one["seconds"] / 1e9
        assert one["part_of_peak"] == pytest.approx(gflops / one["peak_gflops"])
    assert report["ratios"] == []
    assert "8/1/2/3/5 round 2/2: charrnn float32 on 1 thread" in err


def test_ratios_are_taken_within_a_round():
    def rounds(*speeds):
        return [{"chars_per_second": speed, "part_of_peak": None} for speed in speeds]

    shape = "8/1/2/3/5"
    ours, theirs, two = Job("charrnn", shape), Job("pytorch", shape), Job("charrnn", shape, threads=2)
    figures = {ours: rounds(100, 300, 1000), theirs: rounds(50, 200, 100), two: rounds(150, 600, 2100)}
    text, (found,) = engines_table(figures, ["charrnn", "pytorch"])
    assert (found["median"], found["low"], found["high"]) == (2, 1.5, 10)
    assert "| 2.00 (1.50-10.00) |" in text
    assert [line.split("|")[-2].strip() for line in text.splitlines()[2:]] == ["2.00 (1.50-10.00)", "-"]
    (threads,) = threads_table(figures)[1]
    assert (threads["threads"], threads["median"], threads["low"], threads["high"]) == (2, 2, 1.5, 2.1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--threads", "100000"], "choose --threads of at most"),
        (["--precision", "float7"], "charrnn float7 left out: has no precision float7"),
    ],
)
def test_what_cannot_be_measured_is_one_line(options, message, monkeypatch, capsys, tmp_path):
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    assert main([*options, "--json", str(tmp_path / "report.json")]) == 1
    assert message in capsys.readouterr().err.splitlines()[-1]
    assert not (tmp_path / "report.json").exists()


@pytest.mark.parametrize("options", [["--threads", "0"], ["--threads", "two"], ["--shapes", "1/2/3"]])
def test_wrong_options_are_usage_errors(options, capsys):
    with pytest.raises(SystemExit) as failure:
        main(options)
    assert failure.value.code == 2
    assert "wanted whole numbers" in (err := capsys.readouterr().err) or "a shape is five whole numbers" in err
