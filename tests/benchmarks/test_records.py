from benchmarks.records import PUBLISHED, Record, records_table

TEXT = "".join(f"{a} saw {b} and {c}, who saw {a}.\n" for a in "abcde" for b in "fghij" for c in "klmno") * 3


def test_a_run_is_measured_alone_mixed_and_adaptive(run_benchmark, tmp_path):
    (tmp_path / "text.txt").write_text(TEXT)
    report, out, _ = run_benchmark("records", str(tmp_path / "text.txt"), "--quick", "--threads", "1")
    (result,) = report["results"]
    assert 0 < result["mixture"] <= result["network"] < 6
    assert 0 < result["adaptive"] < result["network"]
    assert f" {result['network']:.4f} |" in out


def test_published_figures_stand_below_the_median_of_ours():
    own = [Record("tinyshakespeare.txt", 2, seed, 1.5 + seed, 1.4 + seed, 1.3 + seed) for seed in range(3)]
    lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in records_table(own).splitlines()[2:]]
    assert lines[0][1:4] == ["2.5000", "2.4000", "2.3000"]
    published = PUBLISHED["tinyshakespeare.txt"]
    assert [line[1] for line in lines[1:]] == [f"{one.nats:.4f}" for one in published]
    assert all(line[4].endswith(one.source) for line, one in zip(lines[1:], published, strict=True))


def test_a_figure_that_was_not_measured_is_left_out():
    own = [Record("own.txt", 2, seed, 1.5, 1.4, None) for seed in range(3)]
    assert [cell.strip() for cell in records_table(own).splitlines()[2].split("|")[2:5]] == ["1.5000", "1.4000", "-"]
