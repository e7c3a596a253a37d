from benchmarks.sweep import BARE, ONE, ways


def test_quick(run_benchmark, tmp_path, monkeypatch):
    monkeypatch.setattr("benchmarks.sweep.available_threads", lambda: 1)
    (tmp_path / "cats.txt").write_text("the cat sat on the mat. the dog sat on the log.\n" * 60)
    report, out, _ = run_benchmark("sweep", str(tmp_path / "cats.txt"), "--quick")
    assert {BARE, ONE} == {result["way"] for result in report["results"]}
    for result in report["results"]:
        [turn] = result["rounds"]
        assert turn["processor_seconds"] > 0
        assert f"| {result['way']} " in out
    [overhead] = report["overheads_percent"]
    assert f"{ONE} takes {overhead:.1f} % " in out
    assert report["listing_10000"]["processor_seconds"] > 0
    assert "10,000 runs listed in " in out


def test_ways_depend_on_the_cores():
    assert list(ways(1)) == [BARE, ONE]
    assert list(ways(4).values())[2:] == [["--jobs", "4"], ["--jobs", "1", "--threads", "4"]]
