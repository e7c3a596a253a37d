from benchmarks.answers import ratio_of, rows_of


def test_a_round_without_pytorch(run_benchmark):
    report, out, err = run_benchmark("answers", "--quick", "--tasks", "label", "--threads", "1")
    assert "PyTorch left out: is not installed" in out
    ((result,),) = (report["results"],)
    assert result["task"] == "label"
    assert set(result["rounds"][0]["charrnn"]) == {"training", "one line", "many lines"}
    assert "label round 1/1" in err


def test_rows_are_words_with_labels_or_other_words():
    assert all(label.startswith("label") and 3 <= len(word) <= 16 for word, label in rows_of("label", 50))
    assert rows_of("pairs", 20) == rows_of("pairs", 20)


def test_ratios_are_taken_within_a_round():
    assert ratio_of([2.0, 9.0, 4.0], [1.0, 3.0, 4.0]) == ["2.00 (1.00-3.00)"]
    assert ratio_of([1.0]) == []
