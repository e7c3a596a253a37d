import json
import math

import pytest

from benchmarks.quality import main

TEXT = "the cat sat on the mat. the dog sat on the log.\n" * 60


@pytest.fixture
def compare(run_benchmark, tmp_path):
    (tmp_path / "cats.txt").write_text(TEXT)
    kept = ("--folder", str(tmp_path / "known"))
    return lambda *options: run_benchmark("quality", str(tmp_path / "cats.txt"), "--quick", *kept, *options)


def test_what_was_measured_is_kept_and_shown(compare, tmp_path):
    report, out, _ = compare("--learners", "charrnn")
    (result,) = report["results"]
    assert (result["text"], result["minutes"], result["rng_seed"]) == ("cats.txt", 0.01, 0)
    nats = result["curve"][-1][1]
    assert 0 < nats < math.inf
    (row,) = (line for line in out.splitlines() if line.startswith("| cats.txt "))
    assert f"{nats:.3f}" in row
    assert f"{nats / math.log(2):.3f}" in row
    (known,) = (tmp_path / "known").iterdir()
    known.write_text(json.dumps([[1.0, 9.0], [2.0, 8.5]]))
    report, _, _ = compare("--learners", "charrnn")
    assert report["results"][0]["curve"] == [[1.0, 9.0], [2.0, 8.5]]


def test_a_page_gets_the_table_and_a_picture(compare, tmp_path):
    pytest.importorskip("matplotlib")
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- benchmarks.quality -->\nold\n<!-- end of benchmarks.quality -->\nafter\n")
    compare("--learners", "charrnn", "--page", str(page))
    assert "cats.txt, 0.01 min" in (tmp_path / "quality.svg").read_text()
    assert "| cats.txt " in page.read_text()


def test_an_unknown_learner_is_told(tmp_path, capsys):
    assert main([str(tmp_path / "no.txt"), "--quick", "--learners", "no-such"]) == 1
    assert "unknown learner 'no-such'; choose from charrnn, nanogpt" in capsys.readouterr().err
