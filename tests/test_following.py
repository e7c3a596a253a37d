import threading

import pytest

import charrnn
from charrnn.training.events import Evaluated, Finished, StepDone

SMALL = {"hidden_size": 8, "batch_size": 4, "seq_length": 10, "steps": 20, "eval_every": 10, "preview": False}


def test_a_bar_shows_the_progress_on_stderr_when_asked(corpus, runs, capsys):
    for _ in charrnn.train(corpus, checkpoints=runs, **SMALL):
        pass
    assert capsys.readouterr().err == ""
    events = list(charrnn.train(corpus, checkpoints=runs, overwrite=True, progress=True, **SMALL))
    assert isinstance(events[-1], Finished)
    out, err = capsys.readouterr()
    assert out == ""
    assert "cat" in err
    assert "100%" in err
    assert "bpc=" in err


def test_a_notebook_shows_the_curves_of_a_run(corpus, runs):
    run = charrnn.train(corpus, checkpoints=runs, **SMALL)
    assert "no evaluation yet" in run._repr_html_()
    for _ in run:
        pass
    assert run._repr_html_().count("<polyline") == 2


def test_a_run_that_is_closed_can_be_resumed_at_once(corpus, runs):
    run = charrnn.train(corpus, checkpoints=runs, progress=True, **SMALL)
    for event in run:
        if isinstance(event, Evaluated):
            evaluated = event.step
        if isinstance(event, StepDone) and event.step == 15:
            break
    run.close()
    *_, last = charrnn.train(checkpoints=runs, name="cat", resume=True)
    assert (evaluated, last.step) == (10, 20)


def test_an_interrupt_ends_a_run_and_leaves_what_was_saved(corpus, runs, monkeypatch):
    """As a notebook's kernel does it: KeyboardInterrupt comes anywhere, here in a step."""
    run = charrnn.train(corpus, checkpoints=runs, progress=True, **SMALL)
    while not (isinstance(event := next(run), StepDone) and event.step == 12):
        pass
    monkeypatch.setattr(run.job.trainer.learner, "loss_and_gradient", interrupt)
    with pytest.raises(KeyboardInterrupt):
        next(run)
    *_, last = charrnn.train(checkpoints=runs, name="cat", resume=True)
    assert last.step == 20


def interrupt(*_, **__):
    raise KeyboardInterrupt


def test_training_works_in_a_thread(corpus, runs):
    events = []

    def train():
        events.extend(charrnn.train(corpus, checkpoints=runs, progress=True, **SMALL))

    thread = threading.Thread(target=train)
    thread.start()
    thread.join()
    assert isinstance(events[-1], Finished)
    for _ in charrnn.train(corpus, checkpoints=runs, name="alone", **SMALL):
        pass
    threaded, alone = ((runs / name / "last.safetensors").read_bytes() for name in ("cat", "alone"))
    assert threaded == alone


def test_results_have_html_for_notebooks(corpus, runs):
    for _ in charrnn.train(corpus, checkpoints=runs, **SMALL):
        pass
    model = charrnn.load("cat", checkpoints=runs)
    assert model.score("the cat")._repr_html_().count("<span") == 6
    samples = model.samples("the ", num_samples=2, rng_seed=1, length=5)
    assert samples._repr_html_().count("<pre") == 2
    assert samples[0]._repr_html_().count("<pre") == 1
