import pytest

from benchmarks.sample import engines_table, gains_table, reading_table
from benchmarks.shared.worker import Job

ONE, MANY = "8/1/1/3/5", "8/1/4/3/5"


def job(engine="charrnn", shape=ONE, precision="float32", threads=1):
    return Job(engine, shape, precision, threads, task="sample")


def rounds(*speeds, **others):
    return [{"chars_per_second": speed, **others} for speed in speeds]


def rows(text):
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines()[2:]]


def test_a_round_alone(run_benchmark):
    options = ("--rounds", "1", "--seconds", "0", "--threads", "1", "--clock", "cpu", "--precision", "float32")
    report, out, _ = run_benchmark("sample", "--shapes", f"{ONE},{MANY}", *options)
    for name in ("ONNX Runtime", "PyTorch nn.LSTM", "PyTorch nn.LSTMCell"):
        assert f"{name} float32 left out: is not installed" in out
    assert [(result["engine"], result["shape"]) for result in report["results"]] == [
        ("charrnn", ONE),
        ("charrnn", MANY),
    ]
    one, many = (result["rounds"][0] for result in report["results"])
    assert one["chars_per_second"] == pytest.approx(3 / one["step_seconds"])
    assert many["chars_per_second"] == pytest.approx(12 / many["step_seconds"])
    assert one["part_of_matvec"] > 0
    assert "part_of_matvec" not in many


def test_ours_in_any_precision_is_compared_with_the_others_in_float32():
    figures = {
        job(): rounds(100, 300),
        job("pytorch_lstm"): rounds(50, 100),
        job(precision="bf16"): rounds(200, 400),
    }
    assert rows(engines_table(figures)) == [
        [ONE, "1", "float32", "200", "75", "2.50 (2.00-3.00)"],
        [ONE, "1", "bf16", "300", "75", "4.00 (4.00-4.00)"],
    ]
    assert rows(gains_table(figures)) == [["charrnn", ONE, "1", "bf16", "float32", "1.67 (1.33-2.00)"]]


def test_many_texts_are_compared_with_one_and_two_threads_with_one():
    figures = {
        job(): rounds(100),
        job(shape=MANY): rounds(500),
        job(shape=MANY, threads=2): rounds(900),
        job("pytorch_lstm", shape=MANY): rounds(10),
    }
    assert rows(gains_table(figures)) == [
        ["charrnn", MANY, "1", "float32", "one text", "5.00 (5.00-5.00)"],
        ["charrnn", MANY, "2", "float32", "one text", "9.00 (9.00-9.00)"],
        ["charrnn", MANY, "2", "float32", "one thread", "1.80 (1.80-1.80)"],
    ]


def test_what_was_not_measured_has_no_table():
    assert reading_table({job(shape=MANY): rounds(1)}) == gains_table({job(): rounds(1)}) == ""
