from itertools import islice

import numpy as np
import pytest

from benchmarks.engines import charrnn as ours
from benchmarks.engines.contract import random_text
from benchmarks.shared.footprint import footprint
from benchmarks.shared.shape import Shape
from charrnn.training.trainer import Trainer


def arrays_in(thing, seen):
    """Every buffer that an object of ours holds, however deep, by where it begins."""
    if isinstance(thing, np.ndarray):
        while isinstance(thing.base, np.ndarray):
            thing = thing.base
        return {id(thing): thing.nbytes}
    if id(thing) in seen or isinstance(thing, (str, bytes, int, float, type(None), type)):
        return {}
    seen.add(id(thing))
    parts = []
    if isinstance(thing, dict):
        parts = list(thing.values())
    elif isinstance(thing, (list, tuple)):
        parts = list(thing)
    elif type(thing).__module__.startswith("charrnn"):
        parts = list(vars(thing).values())
    found = {}
    for part in parts:
        found |= arrays_in(part, seen)
    return found


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("shape", [Shape(80, 1, 40, 20, 48), Shape(128, 3, 16, 30, 80), Shape(64, 2, 8, 60, 96)])
def test_the_formula_is_what_a_trainer_holds(shape, precision, monkeypatch):
    trainers = []
    run = Trainer.run
    monkeypatch.setattr(Trainer, "run", lambda self: (trainers.append(self), run(self))[1])
    steps = ours.train(shape, precision, 1)
    list(islice(steps, 2))
    (trainer,) = trainers
    held = sum(arrays_in(trainer, set()).values()) - random_text(shape).nbytes
    assert sum(footprint(shape, precision).values()) == pytest.approx(held, rel=0.03)
