import math
from importlib import import_module
from itertools import islice

import numpy as np
import pytest
import reference

from benchmarks.engines import contract
from benchmarks.engines.contract import OURS, engine_names, find_engine, parameters_of, random_text, usable_engines
from benchmarks.shared.shape import Shape

SHAPE = Shape(12, 2, 4, 6, 7)


def test_ours_is_the_first_of_the_files():
    assert engine_names("train") == [OURS, "pytorch"]
    assert engine_names("sample") == [OURS, "onnx_runtime", "pytorch_cells", "pytorch_lstm"]


@pytest.mark.parametrize("name", engine_names("train"))
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_an_engine_trains(name, precision):
    engine = find_engine(name)
    if reason := engine.absent("train", precision):
        pytest.skip(reason)
    losses = list(islice(engine.train(SHAPE, precision, 1), 100))
    assert losses[0] == pytest.approx(math.log(7), abs=0.2)
    assert sum(losses[-30:]) < sum(losses[:30])  # the text is short enough to learn by heart
    assert losses == list(islice(engine.train(SHAPE, precision, 1), 100))


@pytest.mark.parametrize("name", engine_names("sample"))
def test_an_engine_draws_from_the_model(name, monkeypatch):
    """Where one character is nearly certain, all draw the same text."""
    engine = find_engine(name)
    if reason := engine.absent("sample", "float32"):
        pytest.skip(reason)

    def certain(shape, precision):
        parameters = parameters_of(shape, precision)
        parameters.vector *= 4  # so that each character read changes the next one
        parameters["head.weight"][:] *= 10_000
        return parameters

    for module in (contract, import_module(f"benchmarks.engines.{name}"), import_module(PYTORCH)):
        monkeypatch.setattr(module, "parameters_of", certain)
    texts = next(engine.sample(SHAPE, "float32", 1))
    assert texts.tolist() == [wanted(certain(SHAPE, "float32"))] * SHAPE.streams


PYTORCH = "benchmarks.engines.pytorch_lstm"


def wanted(parameters):
    """The most probable text after character 0, in float64."""
    ids, state = [0], [(np.zeros((1, SHAPE.hidden)), np.zeros((1, SHAPE.hidden)))] * SHAPE.layers
    for _ in range(SHAPE.steps):
        logits, state, _ = reference.forward(parameters.tensors, np.array([ids[-1:]]), state)
        ids.append(int(logits.argmax()))
    return ids[1:]


def test_what_is_not_there_is_named(alone):
    usable, left_out = usable_engines("train", engine_names("train"), ["float32", "float7"])
    assert usable == [(OURS, "float32")]
    assert left_out == [
        "PyTorch float32 left out: is not installed (pip install '.[benchmark]')",
        "charrnn float7 left out: has no precision float7",
        "PyTorch float7 left out: is not installed (pip install '.[benchmark]')",
    ]
    assert usable_engines("sample", engine_names("sample"), ["bf16"])[0] == [(OURS, "bf16")]
    for name in engine_names("sample")[1:]:
        assert "is not installed" in find_engine(name).absent("sample", "float32")
        assert find_engine(name).absent("sample", "bf16") == "samples in float32 only"


def test_the_text_has_every_character_and_whole_windows():
    text = random_text(SHAPE)
    assert set(text) == set(range(7))
    assert (len(text) - 1) % SHAPE.characters == 0
