"""The notebooks in docs, run in a real kernel; skipped where Jupyter is not installed."""

import os
import warnings
from pathlib import Path

import pytest

import charrnn

nbformat = pytest.importorskip("nbformat", reason="Jupyter is not installed")
nbclient = pytest.importorskip("nbclient", reason="Jupyter is not installed")
pytest.importorskip("ipykernel", reason="Jupyter is not installed")

NOTEBOOKS = sorted((Path(__file__).parent.parent / "docs" / "notebooks").glob("*.ipynb"))


@pytest.fixture
def execute(tmp_path):
    """Run a notebook in an empty folder; returns the HTML and texts that its cells show."""

    def execute(notebook):
        path = os.pathsep.join([str(Path(charrnn.__file__).parent.parent), os.environ.get("PYTHONPATH", "")])
        client = nbclient.NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(tmp_path)}})
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Jupyter's own, about its event loops
            client.execute(env=os.environ | {"PYTHONPATH": path})
        return [output.get("data", {}) for cell in notebook.cells for output in cell.get("outputs", [])]

    return execute


def test_there_are_notebooks():
    assert NOTEBOOKS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_and_shows_its_results(execute, path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert not any(cell.get("outputs") for cell in notebook.cells)  # committed without what a run shows
    shown = execute(notebook)
    html = [data["text/html"] for data in shown if "text/html" in data]
    assert sum("<svg" in each for each in html) == 1
    assert sum("<table" in each for each in html) == 1
    assert sum("bits per character" in each and "<span" in each for each in html) == 1
    assert not any("<script" in each for each in html)


INTERRUPTED = """
import _thread, threading, charrnn
from charrnn.training.events import CheckpointDue
with open("a.txt", "w") as file:
    file.write("the cat sat on the mat.\\n" * 400)
small = dict(hidden_size=8, batch_size=4, seq_length=10, eval_every=10, preview=False)
run = charrnn.train("a.txt", steps=10**9, progress=True, **small)
timer = threading.Timer(0.01, _thread.interrupt_main)
try:
    for event in run:
        if isinstance(event, CheckpointDue) and event.kind == "last" and not timer.ident:
            timer.start()
except KeyboardInterrupt:
    pass
*_, last = charrnn.train(resume=True, name="a", steps=run.job.trainer.progress.step + 5)
last.reason
"""


def test_a_kernel_that_is_interrupted_can_go_on(execute):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(INTERRUPTED)])
    assert {"text/plain": "'steps'"} in execute(notebook)
