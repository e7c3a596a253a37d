import itertools
import math

import pytest

from charrnn.kinds.config import make_config
from charrnn.models.language.parameters import tensor_shapes
from charrnn.registry import names_in
from charrnn.sweeps import estimate
from charrnn.sweeps.estimate import RUN_START_SECONDS, Estimate, operations_per_second
from charrnn.sweeps.planned_run import PlannedRun


@pytest.fixture
def seconds(tmp_path, monkeypatch):
    """What is estimated of a run, but for its start, where a core does 1e9 operations a second."""
    monkeypatch.setattr(estimate, "operations_per_second", lambda: 1e9)
    (tmp_path / "cats.txt").write_text("the cat sat on the mat.\n" * 1000)

    def seconds(threads=1, source="cats.txt", **options):
        given = {name.replace("_", "-"): value for name, value in options.items()}
        run = PlannedRun("a", (str(tmp_path / source),), given, {})
        return Estimate(threads).seconds(run) - RUN_START_SECONDS

    return seconds


def test_time_grows_with_what_is_done(seconds):
    one = seconds(steps=1000, val_fraction=0.0)
    assert one > 0
    assert seconds(steps=3000, val_fraction=0.0) == pytest.approx(3 * one)
    assert seconds(steps=1000) > one  # evaluates
    assert seconds(steps=1000, hidden_size=1024, val_fraction=0.0) == pytest.approx(4 * one, rel=0.15)
    assert seconds(steps=1000, cell="gru", val_fraction=0.0) == pytest.approx(0.75 * one, rel=0.05)
    assert seconds(steps=1000, batch_size=64, val_fraction=0.0) == pytest.approx(2 * one, rel=0.1)
    assert seconds(steps=1000, update_every=8, val_fraction=0.0) == pytest.approx(one)  # each unrolls as many
    assert seconds(steps=1000, precision="float64", val_fraction=0.0) == pytest.approx(2 * one, rel=0.1)
    assert one > seconds(2, steps=1000, val_fraction=0.0) > one / 2
    assert seconds(steps=1000, val_fraction=0.0, threads=2) == seconds(2, steps=1000, val_fraction=0.0)
    assert 0 < seconds(steps=1000, model="tdnn") < one


def test_the_first_limit_counts(seconds):
    assert seconds(minutes=3) == 180
    assert seconds() == 600
    assert seconds(minutes=0.001, steps=1000) == pytest.approx(0.06)
    assert seconds(minutes=1e6, steps=1000) == seconds(steps=1000)
    epoch = math.ceil(24_000 * 0.9 / (32 * 64))
    assert seconds(epochs=2) == seconds(steps=2 * epoch)
    assert seconds(epochs=2, steps=epoch) == seconds(steps=epoch)
    assert seconds(epochs=2, seq_length=0, batch_size=1) > 0


def test_counts_need_one_pass(seconds):
    assert seconds(model="ngram", minutes=1e-6, order=4) == pytest.approx(seconds(model="ngram", order=8) / 2)


def test_a_text_that_is_not_there_costs_nothing(seconds, tmp_path):
    (tmp_path / "empty").mkdir()
    for source in ("nothing.txt", "empty"):
        assert seconds(source=source, model="ngram") == 0


@pytest.mark.parametrize("skip", [False, True])
@pytest.mark.parametrize("cell", names_in("cells"))
def test_weights_are_those_of_the_model(cell, skip):
    config = make_config(vocab_size=30, cell=cell, hidden_size=8, num_layers=3, skip_connections=skip)
    products = ("weight_hh", "head.weight", "weight_ih_l1", "weight_ih_l2", "weight_out")
    shapes = [shape for name, shape in tensor_shapes(config).items() if any(part in name for part in products)]
    assert config.kind.cost(config).weights == sum(map(math.prod, shapes))


def test_the_fastest_of_a_few_products_counts(monkeypatch):
    rows, depth, columns = estimate.PRODUCT
    reads = itertools.chain.from_iterable(
        (0.0, seconds) for seconds in itertools.chain([0.5, 0.25], itertools.repeat(3))
    )
    monkeypatch.setattr("time.perf_counter", lambda: next(reads))
    assert operations_per_second() == 2 * rows * depth * columns / 0.25
    monkeypatch.setattr("time.perf_counter", lambda: 5.0)  # too coarse a clock
    assert math.isfinite(operations_per_second())
