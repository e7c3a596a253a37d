import json

import pytest

from charrnn.storage.run import Run
from charrnn.sweeps.planned_run import PlannedRun
from charrnn.sweeps.watch import Watch


def record(step, val_bpc, train_bpc=3.0):
    return {"step": step, "epoch": step / 10, "seconds": 6.0 * step, "train_bpc": train_bpc, "val_bpc": val_bpc}


@pytest.fixture
def run(tmp_path):
    return Run(tmp_path)


def append(run, *records):
    with run.metrics.open("a") as file:
        file.writelines(json.dumps(record) + "\n" for record in records)


def test_each_line_is_news_once(run):
    watch = Watch(run, PlannedRun("a", ("/x",), {"steps": 40, "epochs": 2.0}, {}))
    assert (watch.news(), watch.best, watch.progress) == ([], None, 0.0)
    append(run, record(5, 2.5), record(10, 2.0))
    assert [new["step"] for new in watch.news()] == [5, 10]
    assert watch.news() == []
    append(run, record(15, 2.25))
    assert watch.news() == [record(15, 2.25)]
    assert (watch.best, watch.steps, watch.seconds, watch.progress) == (2.0, 15, 90.0, 0.75)
    assert watch.progress_at(record(5, 2.5)) == 0.25
    assert watch.progress_at(record(50, 2.5)) == 1.0
    run.metrics.write_text("damaged\n")  # the run itself will fail over it
    assert watch.news() == []
