import pytest

from benchmarks.models import main

TEXT = "the cat sat on the mat. the dog sat on the log.\n" * 60


@pytest.fixture
def text(tmp_path):
    (tmp_path / "cats.txt").write_text(TEXT)
    return tmp_path / "cats.txt"


@pytest.fixture
def compare(run_benchmark, text, tmp_path):
    return lambda *options: run_benchmark("models", str(text), "--quick", "--folder", str(tmp_path / "runs"), *options)


def test_networks_and_counts_come_into_one_table_and_nothing_is_trained_twice(compare, tmp_path):
    report, out, err = compare("--models", "lstm,tdnn")
    assert [result["name"] for result in report["results"]] == ["lstm", "tdnn"]
    for result in report["results"]:
        assert result["parameters"] == pytest.approx(3000, rel=0.1)
        row = next(line for line in out.splitlines() if line.startswith(f"| {result['name']} "))
        assert f"{min(bpc for _, bpc in result['curve']):.3f}" in row
        assert f"{result['parameters']:,}" in row
        assert result["curve"][-1][0] == pytest.approx(0.001)
    assert "| ngram " in out
    assert "lstm,learning-rate=0.002:" in err
    again, _, err = compare("--models", "tdnn,lstm")
    assert again["results"] == report["results"]
    assert "learning-rate" not in err
    assert "a step" not in err


def test_a_page_gets_the_table_and_a_picture(compare, tmp_path):
    pytest.importorskip("matplotlib")
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- benchmarks.models -->\nold\n<!-- end of benchmarks.models -->\nafter\n")
    compare("--models", "tdnn", "--page", str(page))
    assert "<svg" in (tmp_path / "models.svg").read_text()
    lines = page.read_text().splitlines()
    assert (lines[0], lines[-1]) == ("before", "after")
    assert "old" not in lines
    assert any(line.startswith("| tdnn ") for line in lines)


def test_an_unknown_network_is_told(text, capsys):
    assert main([str(text), "--quick", "--models", "no-such"]) == 1
    assert "unknown network 'no-such'; choose from gru, " in capsys.readouterr().err
